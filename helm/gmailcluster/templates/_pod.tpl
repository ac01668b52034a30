{{- define "gmailcluster.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "gmailcluster.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* Labels of pods: without the chart's version, so that a new chart with the same image restarts nothing. */ -}}
{{- define "gmailcluster.podLabels" -}}
{{- $root := index . 0 }}
{{- include "gmailcluster.selector" $root }}
app.kubernetes.io/part-of: gmailcluster
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- if $root.Values.workloadIdentity.enabled }}
azure.workload.identity/use: "true"
{{- end }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* A variable from a secret. */ -}}
{{- define "gmailcluster.secretVariable" -}}
- name: {{ index . 0 }}
  valueFrom: {secretKeyRef: {name: {{ index . 1 }}, key: {{ index . 2 }}}}
{{- end }}

{{- /* The environment that silos, API and tests share. */ -}}
{{- define "gmailcluster.environment" -}}
{{- $v := .Values }}
- {name: GMAILCLUSTER_STORE, value: {{ $v.store.url | quote }}}
{{- if $v.store.connectionString.existingSecret }}
- {name: GMAILCLUSTER_STORE_CONNECTION_FILE, value: /etc/gmailcluster/store/connection}
{{- end }}
{{- if $v.redis.bundled.enabled }}
{{- with $v.redis.bundled.password }}
{{- if .existingSecret }}
{{ include "gmailcluster.secretVariable" (list "GMAILCLUSTER_REDIS_PASSWORD" .existingSecret .key) }}
- {name: GMAILCLUSTER_REDIS, value: "{{ include "gmailcluster.fullname" $ }}-redis:6379,password=$(GMAILCLUSTER_REDIS_PASSWORD)"}
{{- else }}
- {name: GMAILCLUSTER_REDIS, value: "{{ include "gmailcluster.fullname" $ }}-redis:6379"}
{{- end }}
{{- end }}
{{- else if $v.redis.existing.address }}
- {name: GMAILCLUSTER_REDIS, value: {{ $v.redis.existing.address | quote }}}
{{- else }}
{{- with $v.redis.existing.connection }}
{{ include "gmailcluster.secretVariable" (list "GMAILCLUSTER_REDIS" .existingSecret .key) }}
{{- end }}
{{- end }}
- {name: GMAILCLUSTER_CLUSTER_ID, value: {{ include "gmailcluster.clusterId" . | quote }}}
- {name: GMAILCLUSTER_SECRET_FILE, value: /etc/gmailcluster/cluster/secret}
- {name: GMAILCLUSTER_CACHE, value: /var/cache/gmailcluster}
{{- if $v.tls.existingSecret }}
- {name: GMAILCLUSTER_TLS_CERT, value: /etc/gmailcluster/tls/tls.crt}
- {name: GMAILCLUSTER_TLS_KEY, value: /etc/gmailcluster/tls/tls.key}
- {name: GMAILCLUSTER_TLS_CA, value: /etc/gmailcluster/tls/ca.crt}
- {name: GMAILCLUSTER_TLS_NAME, value: {{ default (printf "%s-silos.%s.svc" (include "gmailcluster.fullname" .) .Release.Namespace) $v.tls.name | quote }}}
{{- end }}
{{- end }}

{{- /* The environment of telemetry; the argument after the root is the service's name. */ -}}
{{- define "gmailcluster.telemetry" -}}
{{- $root := index . 0 }}
{{- with $root.Values.telemetry.otlp }}
{{- if .endpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .endpoint | quote }}}
- {name: OTEL_EXPORTER_OTLP_PROTOCOL, value: {{ .protocol }}}
{{- if .headers.existingSecret }}
{{ include "gmailcluster.secretVariable" (list "OTEL_EXPORTER_OTLP_HEADERS" .headers.existingSecret .headers.key) }}
{{- end }}
- {name: OTEL_SERVICE_NAME, value: {{ index $ 1 }}}
- {name: GMAILCLUSTER_POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: GMAILCLUSTER_NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: "k8s.namespace.name={{ $root.Release.Namespace }},k8s.pod.name=$(GMAILCLUSTER_POD_NAME),k8s.node.name=$(GMAILCLUSTER_NODE_NAME)"
{{- end }}
{{- end }}
{{- end }}

{{- /* Secrets are mounted as whole folders: only so are they rotated under a running pod. */ -}}
{{- define "gmailcluster.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: cache, mountPath: /var/cache/gmailcluster}
- {name: cluster-secret, mountPath: /etc/gmailcluster/cluster, readOnly: true}
{{- if .Values.tls.existingSecret }}
- {name: tls, mountPath: /etc/gmailcluster/tls, readOnly: true}
{{- end }}
{{- if .Values.store.connectionString.existingSecret }}
- {name: store-connection, mountPath: /etc/gmailcluster/store, readOnly: true}
{{- end }}
{{- if .Values.store.existingClaim }}
- {name: store, mountPath: /store}
{{- end }}
{{- end }}

{{- define "gmailcluster.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
- name: cluster-secret
  secret:
    secretName: {{ .Values.cluster.secret.existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .Values.cluster.secret.key }}, path: secret}]
{{- if .Values.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ .Values.tls.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- with .Values.store.connectionString }}
{{- if .existingSecret }}
- name: store-connection
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .key }}, path: connection}]
{{- end }}
{{- end }}
{{- if .Values.store.existingClaim }}
- name: store
  persistentVolumeClaim: {claimName: {{ .Values.store.existingClaim }}}
{{- end }}
{{- end }}

{{- define "gmailcluster.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - {name: {{ . }}}
{{- end }}
{{- end }}
{{- end }}
