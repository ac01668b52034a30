# syntax=docker/dockerfile:1
# docker build --target cpu -t gmailcluster:dev .          for CPUs (what no target gives, too)
# docker build --target cuda -t gmailcluster:dev-cuda .    for NVIDIA GPUs (run it with --gpus all)
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" gmailcluster:dev run samples/emoji/quick.yaml

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS source
WORKDIR /source
COPY global.json Directory.* BannedSymbols.txt .editorconfig ./
COPY build/ build/
COPY src/ src/

FROM source AS publish-cpu
RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish src/GmailCluster.Cli -c Release -p:Device=cpu -o /app

FROM source AS publish-cuda
RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish src/GmailCluster.Cli -c Release -p:Device=cuda -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS dotnet

# libgomp1: libtorch. libicu72: tokenizers need Unicode normalisation, which does nothing without ICU. The CUDA libraries come with
# the published files and the driver from the node, so both targets stand on the same base.
FROM debian:bookworm-slim AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libgomp1 libicu72 libssl3 libstdc++6 tzdata zlib1g \
 && rm -rf /var/lib/apt/lists/*
RUN ln -s /app/gmailcluster /usr/local/bin/gmailcluster \
 && ln -s /usr/share/dotnet/dotnet /usr/local/bin/dotnet \
 && install -d -m 1777 /work /var/cache/gmailcluster
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
LABEL org.opencontainers.image.title="GmailCluster" \
      org.opencontainers.image.description="Trains vision-language models with generated images" \
      org.opencontainers.image.licenses="MIT"
# TMPDIR: shards wait in files there on their way to the store, more than fits in a small /tmp.
ENV HOME=/tmp \
    GMAILCLUSTER_CACHE=/var/cache/gmailcluster \
    TMPDIR=/var/cache/gmailcluster \
    GMAILCLUSTER_STORE=/work/.gmailcluster
# The root file system may be read-only: what is written lies in these two and in the store.
VOLUME ["/tmp", "/var/cache/gmailcluster"]
# 11111 silo, 30000 gateway, 11112 data plane, 8081 health of a silo (/livez, /readyz, /startupz), 8080 API
EXPOSE 11111 30000 11112 8081 8080
WORKDIR /work
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
ENTRYPOINT ["/app/gmailcluster"]
CMD ["--help"]

FROM base AS cuda
# Read by the NVIDIA container runtime.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=publish-cuda /app /app
COPY LICENSE NOTICE /app/

FROM base AS cpu
COPY --from=publish-cpu /app /app
COPY LICENSE NOTICE /app/
