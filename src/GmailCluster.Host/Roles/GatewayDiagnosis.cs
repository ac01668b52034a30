using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using GmailCluster.Cluster.Tls;

namespace GmailCluster.Host.Roles;

/// <summary>Why a gateway that listens lets nobody in, when TLS is the reason: found by a handshake of its own.</summary>
internal static class GatewayDiagnosis
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Asks a gateway.</summary>
    /// <param name="gateway">Where it listens.</param>
    /// <param name="certificates">Those that were used; null for none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The problem and what to do; null when TLS is not the reason.</returns>
    public static async Task<(string Problem, string Remedy)?> Of(
        IPEndPoint gateway, RotatedCertificates? certificates, TimeProvider time, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Limit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var (isShown, whyNot) = (false, "");
        using var socket = new Socket(gateway.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(gateway, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return null; // nobody listens
        }

        try
        {
            await using var stream = new SslStream(new NetworkStream(socket), false, (_, _, chain, errors) =>
            {
                (isShown, whyNot) = (true, RotatedCertificates.WhyNot(errors, chain));
                return errors is SslPolicyErrors.None;
            });
            var options = new SslClientAuthenticationOptions { TargetHost = gateway.Address.ToString() };
            certificates?.Apply(options, gateway.Address.ToString());
            await stream.AuthenticateAsClientAsync(options, limit.Token).ConfigureAwait(false);

            // With TLS 1.3 the gateway judges our certificate after that: it ends the connection then, or waits for what we want.
            await stream.ReadExactlyAsync(new byte[1], limit.Token).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (isShown)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or SocketException or OperationCanceledException)
        {
            return Judge(isShown, whyNot, certificates?.Files);
        }
    }

    private static (string, string)? Judge(bool isShown, string whyNot, TlsFiles? files) => (isShown, files) switch
    {
        (false, null) => null,
        (true, null) => ("uses TLS, and lets in nobody without a certificate.", "Name yours with --tls-cert, --tls-key and --tls-ca (GMAILCLUSTER_TLS_CERT, _KEY, _CA)."),
        (false, _) => ("does not use TLS, but certificates are named.", "Leave out --tls-cert, --tls-key and --tls-ca (GMAILCLUSTER_TLS_CERT, _KEY, _CA), or start the silos with theirs."),
        (true, { } mine) when whyNot.Length > 0 => (
            $"shows a certificate that {mine.Authority} does not vouch for, or not under {(mine.Name is null ? "its address" : $"the name {mine.Name}")}: {whyNot}.",
            "Name the cluster's authority with --tls-ca, and with --tls-name the name that its silos' certificates hold."),
        (true, { } mine) => ($"does not let in the certificate {mine.Certificate}.", "Take one that the cluster's authority issued, for client authentication, and that has not expired."),
    };
}
