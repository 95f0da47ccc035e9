{{- /* The name without an override and an alias. Versions up to 0.2.0 had no other. */ -}}
{{- define "warren-ingress.releaseName" -}}
{{- if contains "warren-ingress" .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-warren-ingress" .Release.Name | trunc 63 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- /* An alias as a part of a name: Helm takes capitals and underscores in one, the API server does not. */ -}}
{{- define "warren-ingress.alias" -}}
{{- if regexMatch "[A-Z_]" .Chart.Name }}{{ .Chart.Name | kebabcase | replace "_" "-" | trimAll "-" }}{{ else }}{{ .Chart.Name }}{{ end -}}
{{- end }}

{{- /* A parent chart may have this one several times, each under a name of its own (alias), which is then the chart's. */ -}}
{{- define "warren-ingress.name" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}
{{- else if and .Values.nameOverride (contains .Values.nameOverride .Release.Name) }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else if .Values.nameOverride }}{{ printf "%s-%s" .Release.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- else if ne .Chart.Name "warren-ingress" }}{{ printf "%s-%s" .Release.Name (include "warren-ingress.alias" .) | trunc 63 | trimSuffix "-" }}
{{- else }}{{ include "warren-ingress.releaseName" . }}{{ end -}}
{{- end }}

{{- /* Selectors cannot change: what keeps the name that those versions gave keeps their instance. Any other name is one. */ -}}
{{- define "warren-ingress.instance" -}}
{{- $name := include "warren-ingress.name" . }}
{{- if eq $name (include "warren-ingress.releaseName" .) }}{{ .Release.Name }}
{{- else if and .Values.nameOverride (not .Values.fullnameOverride) }}{{ .Release.Name }}
{{- else }}{{ $name }}{{ end -}}
{{- end }}

{{- define "warren-ingress.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default "warren-ingress" }}
app.kubernetes.io/instance: {{ include "warren-ingress.instance" . }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "warren-ingress.commonLabels" -}}
{{- merge (dict) (.Values.commonLabels | default dict) ((.Values.global).commonLabels | default dict) | toYaml }}
{{- end }}

{{- define "warren-ingress.labels" -}}
{{- $common := include "warren-ingress.commonLabels" . | fromYaml }}
{{- $selector := include "warren-ingress.selector" . | fromYaml }}
{{- include "warren-ingress.refuseSelectors" (dict "name" "commonLabels" "labels" $common "selector" $selector) }}
{{- $version := list .Chart.Name (.Chart.Version | replace "+" "_") | join "-" | trunc 63 | trimAll "-_." }}
{{- $own := dict "app.kubernetes.io/version" .Chart.AppVersion "app.kubernetes.io/managed-by" .Release.Service "helm.sh/chart" $version }}
{{- merge (dict) $common $selector $own | toYaml }}
{{- end }}

{{- define "warren-ingress.refuseSelectors" -}}
{{- range $label, $value := .labels }}
{{- if and (hasKey $.selector $label) (ne $value (get $.selector $label)) }}
{{- fail (printf "%s has %s, which the pods are selected by: leave it out" $.name $label) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Whether certificates are ordered: unless a value says otherwise, also where there is none because of --reuse-values. */ -}}
{{- define "warren-ingress.orders" -}}
{{ if ne (toString (.Values.acme).enabled) "false" }}true{{ end }}
{{- end }}

{{- define "warren-ingress.serviceAccount" -}}
{{- if ne (toString (.Values.serviceAccount).create) "false" }}{{ (.Values.serviceAccount).name | default (include "warren-ingress.name" .) }}
{{- else }}{{ (.Values.serviceAccount).name | default "default" }}{{ end -}}
{{- end }}

{{- define "warren-ingress.class" -}}
{{ (.Values.ingressClassResource).name | default "warren" }}
{{- end }}

{{- /* Whether a node can have one replica alone, since there are its ports once. */ -}}
{{- define "warren-ingress.ofTheNode" -}}
{{ if or .Values.hostNetwork (.Values.hostPorts).http (.Values.hostPorts).https }}true{{ end }}
{{- end }}

{{- /* The cluster-wide name: releases of one name may be in several namespaces. */ -}}
{{- define "warren-ingress.clusterName" -}}
{{ printf "%s-%s" .Release.Namespace (include "warren-ingress.name" .) }}
{{- end }}

{{- /* Whether metrics are served to others, also by values of a version that had none for this. */ -}}
{{- define "warren-ingress.servesMetrics" -}}
{{ if ne (toString (.Values.metrics).enabled) "false" }}true{{ end }}
{{- end }}
