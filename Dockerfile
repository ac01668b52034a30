# syntax=docker/dockerfile:1
# docker build -t gmailcluster .                                  for CPUs
# docker build -t gmailcluster:cuda --build-arg DEVICE=cuda .     for NVIDIA GPUs (run it with --gpus all)
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" gmailcluster run samples/emoji/quick.yaml

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG DEVICE=cpu
WORKDIR /source
# Project files first: packages (libtorch among them) are restored again only when these change.
COPY global.json Directory.* BannedSymbols.txt .editorconfig ./
COPY build/ build/
COPY src/GmailCluster.Abstractions/*.csproj src/GmailCluster.Abstractions/
COPY src/GmailCluster.Models/*.csproj src/GmailCluster.Models/
COPY src/GmailCluster.Data/*.csproj src/GmailCluster.Data/
COPY src/GmailCluster.Learning/*.csproj src/GmailCluster.Learning/
COPY src/GmailCluster.Cluster/*.csproj src/GmailCluster.Cluster/
COPY src/GmailCluster.Reporting/*.csproj src/GmailCluster.Reporting/
COPY src/GmailCluster.Host/*.csproj src/GmailCluster.Host/
COPY src/GmailCluster.Cli/*.csproj src/GmailCluster.Cli/
RUN dotnet restore src/GmailCluster.Cli -p:Device=${DEVICE}
COPY src/ src/
RUN dotnet publish src/GmailCluster.Cli -c Release -p:Device=${DEVICE} --no-restore -o /app

# With ICU: tokenizers need Unicode normalisation, which does nothing in the invariant images.
FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS final
LABEL org.opencontainers.image.title="GmailCluster" \
      org.opencontainers.image.description="Trains vision-language models with generated images" \
      org.opencontainers.image.licenses="MIT"
# Read by the NVIDIA container runtime, without effect elsewhere.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    GMAILCLUSTER_STORE=/work/.gmailcluster
COPY --from=build /app /app
COPY LICENSE NOTICE /app/
WORKDIR /work
USER $APP_UID
ENTRYPOINT ["dotnet", "/app/gmailcluster.dll"]
CMD ["--help"]
