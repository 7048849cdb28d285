{{- define "dataflowtools.labels" -}}
app.kubernetes.io/name: dataflowtools
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
{{- define "dataflowtools.selector" -}}
app.kubernetes.io/name: dataflowtools
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
