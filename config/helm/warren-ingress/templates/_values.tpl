{{- /*
What is done with values before anything is rendered. Each template begins with "warren-ingress.on": it refuses names
that there are not, has former names stand for those of today, and says whether there is anything to render.
*/ -}}

{{- define "warren-ingress.on" -}}
{{- if not (hasKey . "FormerNames") }}
{{- include "warren-ingress.refuseUnknownNames" . }}
{{- $_ := set . "FormerNames" (include "warren-ingress.heedFormerNames" .) }}
{{- end }}
{{- if ne (toString .Values.enabled) "false" }}true{{ end }}
{{- end }}

{{- /* The schema has every name. Helm keeps it and values.yaml from templates: files/ has copies of both. */ -}}
{{- define "warren-ingress.refuseUnknownNames" -}}
{{- $schema := .Files.Get "files/values.schema.json" | fromJson }}
{{- $unknown := include "warren-ingress.unknownNames" (dict "values" .Values "schema" $schema "path" "") }}
{{- if $unknown }}
{{- $known := include "warren-ingress.knownNames" (dict "schema" $schema "path" "") }}
{{- $complaints := list }}
{{- range splitList "\n" (trim $unknown) }}
{{- $name := splitList " " . | first }}
{{- $nearest := include "warren-ingress.nearestName" (dict "name" $name "group" (splitList " " . | last) "known" $known) | trim }}
{{- $advice := empty $nearest | ternary "\"helm show values\" lists those that there are" (printf "did you mean %q?" $nearest) }}
{{- $complaints = append $complaints (printf "unknown value %q: %s" $name $advice) }}
{{- end }}
{{- fail (join "\n" $complaints) }}
{{- end }}
{{- end }}

{{- /*
Lines of the path of a value that the schema does not name, and of the outermost group that it does not. What is below
an object without properties is left open.
*/ -}}
{{- define "warren-ingress.unknownNames" -}}
{{- range $name, $value := .values }}
{{- $path := printf "%s%s" $.path $name }}
{{- $property := get $.schema.properties $name }}
{{- if kindIs "invalid" $value }}
{{- else if not $property }}
{{- include "warren-ingress.leaves" (dict "value" $value "path" $path "group" $path) }}
{{- else if and (kindIs "map" $value) $property.properties (not $property.additionalProperties) }}
{{- include "warren-ingress.unknownNames" (dict "values" $value "schema" $property "path" (printf "%s." $path)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "warren-ingress.leaves" -}}
{{- if and (kindIs "map" .value) .value }}
{{- range $name, $value := .value }}
{{- include "warren-ingress.leaves" (dict "value" $value "path" (printf "%s.%s" $.path $name) "group" $.group) }}
{{- end }}
{{- else }}
{{- printf "%s %s\n" .path .group }}
{{- end }}
{{- end }}

{{- /* Lines of a path that the schema names, and of what to write: for a former name that of today. */ -}}
{{- define "warren-ingress.knownNames" -}}
{{- range $name, $property := .schema.properties }}
{{- $path := printf "%s%s" $.path $name }}
{{- $today := $path }}
{{- range $property.anyOf }}
{{- $today = get . "$ref" | trimPrefix "#/properties/" | replace "/properties/" "." | default $today }}
{{- end }}
{{- printf "%s %s\n" $path $today }}
{{- if $property.properties }}
{{- include "warren-ingress.knownNames" (dict "schema" $property "path" (printf "%s." $path)) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What other charts call such values, where that is too far from our names to be found by its letters. */ -}}
{{- define "warren-ingress.namesElsewhere" -}}
additionalArguments extraArgs
crds.enabled crds.install
env extraEnv
hpa autoscaling
installCRDs crds.install
labels commonLabels
pdb podDisruptionBudget
pdb.enabled podDisruptionBudget.enabled
podMonitor metrics.serviceMonitor
ports.web.port containerPorts.http
ports.websecure.port containerPorts.https
scope.namespace watchNamespaces
service.nodePorts.http service.httpNodePort
service.nodePorts.https service.httpsNodePort
service.ports.http service.httpPort
service.ports.https service.httpsPort
strategy updateStrategy
topologySpreadConstraints topologySpread
verbosity logLevel
volumeMounts extraVolumeMounts
volumes extraVolumes
{{ end }}

{{- /*
The known name that has the most pairs of letters in common with a name: those of all of both, and once more those of
their last parts, so that "controller.replicaCount" finds "replicaCount". The unknown groups that the name is in are
compared as well, since what is below them may be anything. Nothing, if there is little in common.
*/ -}}
{{- define "warren-ingress.nearestName" -}}
{{- $best := 80 }}
{{- $nearest := "" }}
{{- $name := .name }}
{{- range splitList "." (trimPrefix .group .name) }}
{{- range splitList "\n" (printf "%s\n%s" $.known (include "warren-ingress.namesElsewhere" $) | trim) }}
{{- $candidate := regexFind "^[^ ]+" . }}
{{- $all := include "warren-ingress.likeness" (dict "a" $name "b" $candidate) | int }}
{{- $last := include "warren-ingress.likeness" (dict "a" (regexFind "[^.]+$" $name) "b" (regexFind "[^.]+$" $candidate)) | int }}
{{- if gt (add $all $last) $best }}
{{- $best = add $all $last }}
{{- $nearest = regexFind "[^ ]+$" . }}
{{- end }}
{{- end }}
{{- $name = regexReplaceAll "[.][^.]+$" $name "" }}
{{- end }}
{{- $nearest }}
{{- end }}

{{- /* From 0 to 100, whatever the letters' case. */ -}}
{{- define "warren-ingress.likeness" -}}
{{- $a := lower .a }}
{{- $b := lower .b }}
{{- $common := 0 }}
{{- range $i := until (sub (len $a) 1 | max 0 | int) }}
{{- if contains (substr $i (add $i 2 | int) $a) $b }}{{ $common = add $common 1 }}{{ end }}
{{- end }}
{{- if eq $a $b }}100{{ else }}{{ div (mul 200 $common) (add (len $a) (len $b) -2 | max 1) | min 99 }}{{ end }}
{{- end }}

{{- /* Moves what stands under former names to those of today. It returns lines of both. */ -}}
{{- define "warren-ingress.heedFormerNames" -}}
{{- $defaults := .Files.Get "files/values.yaml" | fromYaml }}
{{- if and (hasKey .Values "replicas") (not (hasKey .Values "replicaCount")) }}
{{- /* By --reuse-values these are the values of a version that had no others for this. */}}
{{- range list "podSecurityContext" "securityContext" }}
{{- if not (hasKey $.Values .) }}{{ $_ := set $.Values . (get $defaults .) }}{{ end }}
{{- end }}
{{- end }}
{{- $schema := .Files.Get "files/values.schema.json" | fromJson }}
{{- range splitList "\n" (include "warren-ingress.knownNames" (dict "schema" $schema "path" "") | trim) }}
{{- $former := splitList " " . | first }}
{{- $today := splitList " " . | last }}
{{- $value := include "warren-ingress.at" (dict "values" $.Values "path" $former) | fromJson }}
{{- if and (ne $former $today) (not (kindIs "invalid" $value.is)) }}
{{- $now := include "warren-ingress.at" (dict "values" $.Values "path" $today) | fromJson }}
{{- $default := include "warren-ingress.at" (dict "values" $defaults "path" $today) | fromJson }}
{{- if kindIs "map" $value.is }}
{{- $_ := set $value "is" (merge $value.is ($now.is | default dict)) }}
{{- else if not (or (kindIs "invalid" $now.is) (eq (toJson $now) (toJson $default)) (eq (toJson $now) (toJson $value))) }}
{{- fail (printf "%s is the former name of %s, and both are set: leave %s out" $former $today $former) }}
{{- end }}
{{- $group := $.Values }}
{{- range splitList "." $today | initial }}
{{- if not (kindIs "map" (get $group .)) }}{{ $_ := set $group . dict }}{{ end }}
{{- $group = get $group . }}
{{- end }}
{{- $_ := set $group (splitList "." $today | last) $value.is }}
{{- printf "%s %s\n" $former $today }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What stands at a path, as {"is": …}, or {}. */ -}}
{{- define "warren-ingress.at" -}}
{{- $at := dict "is" .values }}
{{- range splitList "." .path }}
{{- if and $at (kindIs "map" $at.is) (hasKey ($at.is | default dict) .) }}
{{- $at = dict "is" (get $at.is .) }}
{{- else }}
{{- $at = dict }}
{{- end }}
{{- end }}
{{- toJson $at }}
{{- end }}
