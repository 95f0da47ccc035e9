{{- /* A role and its binding to the controller's ServiceAccount: in a namespace, or cluster-wide without one. */ -}}
{{- define "warren-ingress.grant" }}
{{- $kind := .namespace | empty | ternary "ClusterRole" "Role" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "warren-ingress.labels" .root | nindent 4 }}
rules: {{- toYaml .rules | nindent 0 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "warren-ingress.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name }}
subjects:
- kind: ServiceAccount
  name: {{ include "warren-ingress.serviceAccount" .root }}
  namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- /* The type of the Services that Gateways get, or nothing. */}}
{{- define "warren-ingress.gatewayServices" -}}
{{- with ((.Values.gatewayAPI).services).type }}
{{- if not (include "warren-ingress.gatewayController" $) }}
{{- fail "gatewayAPI.services.type is set, and the Gateway API is not served: leave it out, or set gatewayAPI.controllerName and rbac.clusterRoles" }}
{{- end }}
{{- if ($.Values.gatewayAPI).addresses }}
{{- fail "gatewayAPI.services.type and gatewayAPI.addresses are both set: Gateways get addresses from one of the two, so leave the other out" }}
{{- end }}
{{- . }}
{{- end }}
{{- end }}

{{- /* The name by which GatewayClasses name the controller, or nothing. GatewayClasses are in no namespace, so that a Role cannot let them be read. */}}
{{- define "warren-ingress.gatewayController" -}}
{{- $name := (.Values.gatewayAPI).controllerName }}
{{- if eq (toString (.Values.rbac).clusterRoles) "false" }}
{{- else if kindIs "invalid" $name }}ingress.warren.dev/gateway-controller
{{- else }}{{ $name }}
{{- end }}
{{- end }}
