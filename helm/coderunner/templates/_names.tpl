{{- define "coderunner.labels" -}}
app.kubernetes.io/name: coderunner
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
{{- define "coderunner.selector" -}}
app.kubernetes.io/name: coderunner
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
