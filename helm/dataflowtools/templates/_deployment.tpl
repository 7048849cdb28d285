{{- /* The service and its worker are one image and one environment; the component says which. */ -}}
{{- define "dataflowtools.deployment" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels: {{- include "dataflowtools.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .replicas }}
  selector:
    matchLabels: {{- include "dataflowtools.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels: {{- include "dataflowtools.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ .grace }}
      {{- with $root.Values.runtimeClassName }}
      runtimeClassName: {{ . }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        fsGroup: 10001
      containers:
        - name: dataflowtools
          image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag }}"
          {{- if eq .component "worker" }}
          args: ["python", "dataflowtools/src/main.py", "worker"]
          {{- end }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          ports:
            - name: http
              containerPort: 8081
          env:
            {{- range $name, $value := $root.Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
            {{- if $root.Values.apiKeys.secretName }}
            - name: API_KEY_FILE
              value: /keys/{{ $root.Values.apiKeys.file }}
            {{- end }}
          {{- with $root.Values.envFromSecret }}
          envFrom:
            - secretRef:
                name: {{ . }}
          {{- end }}
          readinessProbe:
            httpGet: {path: /api/health/ready, port: http}
            periodSeconds: 5
          livenessProbe:
            httpGet: {path: /api/health/live, port: http}
            periodSeconds: 10
            failureThreshold: 6
          resources: {{- toYaml .resources | nindent 12 }}
          securityContext: {{- toYaml $root.Values.securityContext | nindent 12 }}
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
            {{- if $root.Values.apiKeys.secretName }}
            - {name: keys, mountPath: /keys, readOnly: true}
            {{- end }}
      volumes:
        - name: data
          {{- if $root.Values.persistence.claimName }}
          persistentVolumeClaim:
            claimName: {{ $root.Values.persistence.claimName }}
          {{- else }}
          emptyDir: {}
          {{- end }}
        - name: tmp
          emptyDir: {}
        {{- if $root.Values.apiKeys.secretName }}
        - name: keys
          secret:
            secretName: {{ $root.Values.apiKeys.secretName }}
            defaultMode: 0400
        {{- end }}
{{- end }}
