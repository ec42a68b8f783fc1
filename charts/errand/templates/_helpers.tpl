{{/* The name of what is installed: that of the release, with the chart's if it lacks it. */}}
{{- define "errand.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}
{{- $name = printf "%s-%s" $name .Chart.Name -}}
{{- end -}}
{{- $name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* By these the pods are found; they never change. */}}
{{- define "errand.selectorLabels" -}}
app.kubernetes.io/name: errand
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "errand.labels" -}}
{{ include "errand.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "errand.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "errand.fullname" .) "default") -}}
{{- end }}

{{- define "errand.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What Pod Security's restricted profile asks of a pod, and a read-only file system. */}}
{{- define "errand.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "errand.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Peers of a network policy: every address but link-local ones. */}}
{{- define "errand.anywhere" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [169.254.0.0/16]
- ipBlock:
    cidr: ::/0
    except: ["fe80::/10"]
{{- end }}

{{/* What the names of policies begin with, which are in no namespace. */}}
{{- define "errand.policyName" -}}
{{ .Release.Namespace }}-{{ include "errand.fullname" . }}
{{- end }}

{{/* A limit as a CEL expression: that of the request's namespace, or the one for all. */}}
{{- define "errand.limit" -}}
{{- $key := .key -}}
{{- range $namespace, $own := .limits.namespaces -}}
{{- if hasKey $own $key -}}
request.namespace == {{ toJson $namespace }} ? {{ include "errand.celValue" (index $own $key) }} : {{ "" }}
{{- end -}}
{{- end -}}
{{ include "errand.celValue" (index .limits $key) }}
{{- end }}

{{/* Numbers and booleans as they are; a list of words as CEL makes it of a text. */}}
{{- define "errand.celValue" -}}
{{- if kindIs "slice" . -}}
{{ join " " . | toJson }}.split(" ")
{{- else if kindIs "bool" . -}}
{{ . }}
{{- else -}}
{{ int64 . }}
{{- end -}}
{{- end }}

{{/*
What an order or an edit of one is judged by. An edit needs no permission if it changes no
spec; if it leaves a plan or a suspended order, which sends nothing; or if the order was,
or may have been, sent before, stays the same order, and no answer places another one.
*/}}
{{- define "errand.judged" -}}
- name: changed
  expression: oldObject == null || object.spec != oldObject.spec
- name: stops
  expression: >-
    (has(object.spec.mode) && object.spec.mode == "Plan") ||
    (oldObject != null && has(object.spec.suspend) && object.spec.suspend)
- name: sent
  expression: >-
    oldObject != null && has(oldObject.status) && has(oldObject.status.steps) &&
    oldObject.status.steps.exists(step, !has(step.answer) || step.answer in ["Accepted", "Unknown"])
- name: free
  expression: >-
    ["mode", "suspend", "schedule", "verifyTimeout", "ttlAfterSuccess", "resolution"]
- name: sameOrder
  expression: >-
    oldObject != null &&
    object.spec.all(name, name in variables.free ||
    (name in oldObject.spec && object.spec[name] == oldObject.spec[name])) &&
    oldObject.spec.all(name, name in variables.free || name in object.spec)
- name: ordersAgain
  expression: >-
    has(object.spec.resolution) &&
    !(object.spec.resolution.decision in ["LookAgain", "AssumeDone", "GiveUp"])
- name: judged
  expression: >-
    variables.changed && !variables.stops &&
    !(variables.sent && variables.sameOrder && !variables.ordersAgain)
{{- end }}

{{/* The volume of the CA bundle; nothing where none is given. */}}
{{- define "errand.caBundle" -}}
{{- with .Values.caBundle -}}
{{- if and .configMap .secret -}}
{{- fail "caBundle.configMap and caBundle.secret cannot be combined" -}}
{{- end -}}
{{- if .configMap -}}
configMap:
  name: {{ .configMap }}
  items: [{key: {{ .key | quote }}, path: bundle.pem}]
{{- else if .secret -}}
secret:
  secretName: {{ .secret }}
  items: [{key: {{ .key | quote }}, path: bundle.pem}]
{{- end -}}
{{- end -}}
{{- end }}

{{/* What each pod of Errand needs to reach the API server and the clouds: certificates,
and what extraEnv, extraVolumeMounts and extraVolumes add. */}}
{{- define "errand.reachEnv" -}}
{{- if include "errand.caBundle" . -}}
# Those of the image, and the bundle.
- name: SSL_CERT_DIR
  value: /etc/ssl/certs:/etc/errand/ca
{{ end -}}
{{- with .Values.extraEnv -}}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "errand.reachMounts" -}}
{{- if include "errand.caBundle" . -}}
- name: ca-bundle
  mountPath: /etc/errand/ca
  readOnly: true
{{ end -}}
{{- with .Values.extraVolumeMounts -}}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "errand.reachVolumes" -}}
{{- with include "errand.caBundle" . -}}
- name: ca-bundle
  {{- . | nindent 2 }}
{{ end -}}
{{- with .Values.extraVolumes -}}
{{ toYaml . }}
{{- end }}
{{- end }}
