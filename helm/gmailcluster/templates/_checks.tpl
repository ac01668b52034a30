{{- /* What the schema cannot say. All problems at once. */ -}}
{{- define "gmailcluster.checks" -}}
{{- $v := .Values }}
{{- $problems := list }}
{{- if not $v.image.repository }}
{{- $problems = append $problems "image.repository is not set. Name the image that you pushed, such as registry.example.com/gmailcluster." }}
{{- end }}
{{- if not $v.cluster.secret.existingSecret }}
{{- $problems = append $problems "cluster.secret.existingSecret is not set. Make a secret and name it: kubectl create secret generic gmailcluster --from-literal=cluster-secret=\"$(openssl rand -hex 32)\"." }}
{{- end }}
{{- if not $v.store.url }}
{{- $problems = append $problems "store.url is not set. Set azure://ACCOUNT/CONTAINER/PREFIX, or file:///store with store.existingClaim." }}
{{- end }}
{{- if and (hasPrefix "file:" $v.store.url) (not $v.store.existingClaim) }}
{{- $problems = append $problems "store.url is in files, but store.existingClaim is not set. Name a ReadWriteMany claim; it is mounted at /store." }}
{{- end }}
{{- if and $v.store.existingClaim (not (or (eq $v.store.url "file:///store") (hasPrefix "file:///store/" $v.store.url))) }}
{{- $problems = append $problems (printf "store.existingClaim is mounted at /store, but store.url is '%s'. Set file:///store, or remove the claim." $v.store.url) }}
{{- end }}
{{- $redis := 0 }}
{{- range list $v.redis.bundled.enabled $v.redis.existing.address $v.redis.existing.connection.existingSecret }}
{{- if . }}{{ $redis = add1 $redis }}{{ end }}
{{- end }}
{{- if ne $redis 1 }}
{{- $problems = append $problems (printf "%d of redis.existing.address, redis.existing.connection.existingSecret and redis.bundled.enabled are set. Set one." $redis) }}
{{- end }}
{{- if and $v.workloadIdentity.enabled $v.store.connectionString.existingSecret }}
{{- $problems = append $problems "workloadIdentity.enabled and store.connectionString.existingSecret exclude one another. Keep one." }}
{{- end }}
{{- if and $v.workloadIdentity.enabled (not $v.workloadIdentity.clientId) }}
{{- $problems = append $problems "workloadIdentity.clientId is not set. Give the client id of the managed identity." }}
{{- end }}
{{- if and $v.api.enabled (not $v.api.tokens.existingSecret) }}
{{- $problems = append $problems "api.tokens.existingSecret is not set. The API does not listen beyond loopback without tokens: make a file with 'gmailcluster api token NAME --scope write' and a secret of it, or set api.enabled to false." }}
{{- end }}
{{- if and $v.api.ingress.enabled (not $v.api.enabled) }}
{{- $problems = append $problems "api.ingress.enabled is set, but api.enabled is not. Enable both or neither." }}
{{- end }}
{{- if and $v.api.ingress.enabled (not $v.api.ingress.host) }}
{{- $problems = append $problems "api.ingress.host is not set. Name the host that users type." }}
{{- end }}
{{- $pools := 0 }}
{{- range $name, $given := $v.pools }}
{{- if kindIs "map" $given }}
{{- $pools = add1 $pools }}
{{- $pool := include "gmailcluster.pool" (list $ $given) | fromYaml }}
{{- if gt (int $pool.autoscaling.minReplicas) (int $pool.autoscaling.maxReplicas) }}
{{- $problems = append $problems (printf "pools.%s: autoscaling.minReplicas is above maxReplicas." $name) }}
{{- end }}
{{- if and (eq $pool.autoscaling.kind "keda") (not $pool.autoscaling.prometheusUrl) }}
{{- $problems = append $problems (printf "pools.%s: autoscaling.prometheusUrl is not set. KEDA asks it how many generation stages run." $name) }}
{{- end }}
{{- if and (eq $pool.autoscaling.kind "hpa") (not (dig "requests" "cpu" "" $pool.resources)) }}
{{- $problems = append $problems (printf "pools.%s: resources.requests.cpu is not set. The autoscaler measures processor use against it." $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not $pools }}
{{- $problems = append $problems "pools is empty. Keep at least one pool of silos." }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n- %s" (join "\n- " $problems)) }}
{{- end }}
{{- end }}
