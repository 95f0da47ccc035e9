{{- /* The name without fullnameOverride and an alias. Versions up to 0.2.0 had no other. */ -}}
{{- define "warren-ingress.releaseName" -}}
{{- if contains "warren-ingress" .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-warren-ingress" .Release.Name | trunc 63 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- /* An alias as a part of a name: Helm takes capitals and underscores in one, the API server does not. */ -}}
{{- define "warren-ingress.alias" -}}
{{- if regexMatch "[A-Z_]" .Chart.Name }}{{ .Chart.Name | kebabcase | replace "_" "-" | trimAll "-" }}{{ else }}{{ .Chart.Name }}{{ end -}}
{{- end }}

{{- /* A parent chart may have this one several times, each under a name of its own (alias), which is then the chart's. */ -}}
{{- define "warren-ingress.name" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}{{ else if ne .Chart.Name "warren-ingress" }}{{ printf "%s-%s" .Release.Name (include "warren-ingress.alias" .) | trunc 63 | trimSuffix "-" }}{{ else }}{{ include "warren-ingress.releaseName" . }}{{ end -}}
{{- end }}

{{- /* Selectors cannot change: what keeps the name that those versions gave keeps their instance. Any other name is one. */ -}}
{{- define "warren-ingress.instance" -}}
{{- $name := include "warren-ingress.name" . }}
{{- if eq $name (include "warren-ingress.releaseName" .) }}{{ .Release.Name }}{{ else }}{{ $name }}{{ end -}}
{{- end }}

{{- define "warren-ingress.selector" -}}
app.kubernetes.io/name: warren-ingress
app.kubernetes.io/instance: {{ include "warren-ingress.instance" . }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "warren-ingress.labels" -}}
{{ include "warren-ingress.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* Whether certificates are ordered: unless a value says otherwise, also where there is none because of --reuse-values. */ -}}
{{- define "warren-ingress.orders" -}}
{{ if ne (toString (.Values.acme).enabled) "false" }}true{{ end }}
{{- end }}

{{- /* The cluster-wide name: releases of one name may be in several namespaces. */ -}}
{{- define "warren-ingress.clusterName" -}}
{{ printf "%s-%s" .Release.Namespace (include "warren-ingress.name" .) }}
{{- end }}
