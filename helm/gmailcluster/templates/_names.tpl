{{- define "gmailcluster.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "gmailcluster.fullname" -}}
{{- $name := include "gmailcluster.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "gmailcluster.selector" -}}
app.kubernetes.io/name: {{ include "gmailcluster.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gmailcluster.labels" -}}
{{ include "gmailcluster.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: gmailcluster
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gmailcluster.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "gmailcluster.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "gmailcluster.clusterId" -}}
{{- default (printf "%s-%s" .Release.Namespace (include "gmailcluster.fullname" .)) .Values.cluster.id }}
{{- end }}

{{- /* The image for CPUs, or with a true second argument for CUDA. */ -}}
{{- define "gmailcluster.image" -}}
{{- $image := (index . 0).Values.image }}
{{- $cuda := index . 1 }}
{{- with ternary $image.cudaDigest $image.digest $cuda }}
{{- printf "%s@%s" $image.repository . }}
{{- else }}
{{- printf "%s:%s%s" $image.repository (default (index $ 0).Chart.AppVersion $image.tag) (ternary "-cuda" "" $cuda) }}
{{- end }}
{{- end }}

{{- /* A pool's settings over those of "silo". Maps are merged, lists replaced. */ -}}
{{- define "gmailcluster.pool" -}}
{{- $root := index . 0 }}
{{- mustMergeOverwrite (deepCopy $root.Values.silo) (deepCopy (index . 1)) | toYaml }}
{{- end }}

{{- /* What this release's series are known by in Prometheus. */ -}}
{{- define "gmailcluster.metricSelector" -}}
{{- default (printf "namespace=%q" .Release.Namespace) .Values.monitoring.rules.selector }}
{{- end }}
