{{- /* What the controller's pods and that of the test have in common. */ -}}
{{- define "warren-ingress.image" -}}
{{- $repository := .Values.image.repository }}
{{- with (.Values.global).imageRegistry | default .Values.image.registry }}
{{- /* In place of the registry, which is what comes before the first slash and cannot be a part of a path. */}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") }}
{{- end }}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{- /* The labels of the controller's pods: podLabels go before the chart's, but for those that the pods are selected by. */ -}}
{{- define "warren-ingress.podLabels" -}}
{{- $selector := include "warren-ingress.selector" . | fromYaml }}
{{- include "warren-ingress.refuseSelectors" (dict "name" "podLabels" "labels" .Values.podLabels "selector" $selector) }}
{{- merge (dict) (.Values.podLabels | default dict) (include "warren-ingress.labels" . | fromYaml) | toYaml }}
{{- end }}

{{- define "warren-ingress.placement" -}}
{{- with concat (.Values.imagePullSecrets | default list) ((.Values.global).imagePullSecrets | default list) }}
imagePullSecrets:
{{- range . }}
- {{ kindIs "string" . | ternary (dict "name" .) . | toYaml }}
{{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{- /* OpenShift refuses pods that ask for another user than those of their namespace. */ -}}
{{- define "warren-ingress.podSecurity" -}}
{{- $security := .Values.podSecurityContext | default dict }}
{{- $global := (((.Values.global).compatibility).openshift).adaptSecurityContext | toString }}
{{- $wanted := toString .Values.openshift }}
{{- $there := .Capabilities.APIVersions.Has "security.openshift.io/v1" }}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") (or (eq $global "force") (and $there (ne $global "disabled")))) }}
{{- $security = omit $security "runAsUser" "runAsGroup" "fsGroup" }}
{{- end }}
{{- toYaml $security }}
{{- end }}

{{- define "warren-ingress.containerSecurity" -}}
{{- .Values.securityContext | default dict | toYaml }}
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
