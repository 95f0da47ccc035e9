{{- /* What the controller's pods and that of the test have in common. */ -}}
{{- define "warren-ingress.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{- define "warren-ingress.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{- define "warren-ingress.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "warren-ingress.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* The lower of the two ports at which requests are taken. */ -}}
{{- define "warren-ingress.lowestPort" -}}
{{ min .Values.containerPorts.http .Values.containerPorts.https }}
{{- end }}

{{- /* Nine tenths of the memory limit, as Go reads it; nothing where there is none, or it is in an unusual unit. */ -}}
{{- define "warren-ingress.memoryLimit" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources | toString }}
{{- range $suffix, $bytes := dict "Gi" 1073741824 "Mi" 1048576 "G" 1000000000 "M" 1000000 }}
{{- if regexMatch (printf "^[0-9.]+%s$" $suffix) $limit }}{{ trimSuffix $suffix $limit | float64 | mulf 0.9 $bytes | floor | int64 }}{{ end }}
{{- end }}
{{- end }}
