using System.Net;
using System.Net.Security;
using GmailCluster.Cluster.Tls;
using GmailCluster.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Connections.Security;

namespace GmailCluster.Host.Roles;

/// <summary>TLS on both sides for the cluster's own calls: between silos, and of clients to the gateways of silos.</summary>
internal static partial class ClusterTls
{
    /// <summary>Lets in silos and clients with a certificate of a believed authority, and calls only such silos.</summary>
    public static ISiloBuilder UseClusterTls(this ISiloBuilder silo, TlsFiles files)
    {
        AddCertificates(silo.Services, files);
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<RotatedCertificates, ILoggerFactory>((connections, certificates, loggers) =>
        {
            var logger = loggers.CreateLogger(typeof(ClusterTls));
            var tls = Tls(certificates, logger);
            connections.ConfigureSiloInboundConnection(Listen);
            connections.ConfigureGatewayInboundConnection(Listen);
            connections.ConfigureSiloOutboundConnection(connection => connection.UseClientTls(tls));

            void Listen(IConnectionBuilder connection)
            {
                CountRefusals(connection, logger);
                connection.UseServerTls(tls);
            }
        });
        return silo;
    }

    /// <summary>Calls only silos with a certificate of a believed authority, and shows them one.</summary>
    public static IClientBuilder UseClusterTls(this IClientBuilder client, TlsFiles files)
    {
        AddCertificates(client.Services, files);
        client.Services.AddOptions<ClientConnectionOptions>().Configure<RotatedCertificates, ILoggerFactory>((connections, certificates, loggers) =>
            connections.ConfigureConnection(connection => connection.UseClientTls(Tls(certificates, loggers.CreateLogger(typeof(ClusterTls))))));
        return client;
    }

    private static void AddCertificates(IServiceCollection services, TlsFiles files)
    {
        RotatedCertificates.Check(files);
        services.AddSingleton(provider => new RotatedCertificates(files, provider.GetRequiredService<ILogger<RotatedCertificates>>()));
    }

    private static TlsOptions Tls(RotatedCertificates certificates, ILogger logger) => new()
    {
        // Asked for beforehand, and replaced for each connection: a selected certificate would go without its intermediate ones.
        LocalServerCertificateSelector = (_, _) => throw new InvalidOperationException("The certificate was not set."),
        OnAuthenticateAsServer = (_, options) => certificates.Apply((SslServerAuthenticationOptions)options.SslServerAuthenticationOptions),
        OnAuthenticateAsClient = (connection, options) => certificates.Apply(
            (SslClientAuthenticationOptions)options.SslClientAuthenticationOptions, ((IPEndPoint)connection.RemoteEndPoint!).Address.ToString()),
        RemoteCertificateValidation = (certificate, chain, errors) =>
        {
            if (errors is not SslPolicyErrors.None)
            {
                LogNotBelieved(logger, certificate.Thumbprint, RotatedCertificates.WhyNot(errors, chain));
            }

            return errors is SslPolicyErrors.None;
        },
    };

    // Around TLS, which ends a connection without a word when it comes to nothing.
    private static void CountRefusals(IConnectionBuilder connection, ILogger logger) => connection.Use(next => async context =>
    {
        await next(context);
        if (context.Features.Get<ITlsApplicationProtocolFeature>() is null)
        {
            Metrics.ExchangeRefusals.Add(1, KeyValuePair.Create<string, object?>(Attributes.Reason, "untrusted"));
            LogRefused(logger, context.RemoteEndPoint?.ToString() ?? "?", ((IPEndPoint?)context.LocalEndPoint)?.Port ?? 0);
        }
    });

    [LoggerMessage(LogLevel.Warning, "The certificate with thumbprint {Thumbprint} is not believed: {Reason}.")]
    private static partial void LogNotBelieved(ILogger logger, string thumbprint, string reason);

    [LoggerMessage(LogLevel.Warning, "Refused a connection from {From} to port {Port}: no TLS, or no certificate that is believed.")]
    private static partial void LogRefused(ILogger logger, string from, int port);
}
