{{- /* What the controller's pods and that of the test have in common. */ -}}
{{- define "warren-ingress.image" -}}
{{- $repository := .Values.image.repository }}
{{- with (.Values.global).imageRegistry }}
{{- /* In place of the registry, which is what comes before the first slash and cannot be a part of a path. */}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") }}
{{- end }}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{- /* The labels of the controller's pods: podLabels go before the chart's, but for those that the pods are selected by. */ -}}
{{- define "warren-ingress.podLabels" -}}
{{- $selector := include "warren-ingress.selector" . | fromYaml }}
{{- range $name, $value := .Values.podLabels }}
{{- if and (hasKey $selector $name) (ne $value (get $selector $name)) }}
{{- fail (printf "podLabels has %s, which the pods are selected by: leave it out" $name) }}
{{- end }}
{{- end }}
{{- merge (dict) (.Values.podLabels | default dict) (include "warren-ingress.labels" . | fromYaml) | toYaml }}
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
{{- $limit := dig "limits" "memory" "" (.Values.resources | default dict) | toString }}
{{- range $suffix, $bytes := dict "Gi" 1073741824 "Mi" 1048576 "G" 1000000000 "M" 1000000 }}
{{- if regexMatch (printf "^[0-9.]+%s$" $suffix) $limit }}{{ trimSuffix $suffix $limit | float64 | mulf 0.9 $bytes | floor | int64 }}{{ end }}
{{- end }}
{{- end }}
