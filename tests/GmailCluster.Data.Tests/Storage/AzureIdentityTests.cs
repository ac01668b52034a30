using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Azure.Core.Pipeline;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>
/// Signing in as a pod does. Azurite speaks TLS and asks for tokens; the issuer of tokens is made up, and every request to
/// <c>*.blob.core.windows.net</c> goes to Azurite.
/// </summary>
public sealed class AzureIdentityTests : IDisposable
{
    private const string Storage = "https://storage.azure.com";
    private static readonly string[] Variables = ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"];

    private readonly ScratchFolder _folder = new();
    private readonly Azurite _azurite;
    private readonly Issuer _issuer;

    public AzureIdentityTests()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        _azurite = Azurite.Start(
            "--oauth", "basic", "--cert", _folder.Write("tls.crt", certificate.ExportCertificatePem()), "--key", _folder.Write("tls.key", key.ExportPkcs8PrivateKeyPem()));
        _issuer = new Issuer(_azurite.Port, certificate.GetCertHashString());
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var variable in Variables)
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        _issuer.Dispose();
        _azurite.Stop();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_pod_signs_in_with_its_workload_identity()
    {
        Set("AZURE_CLIENT_ID", "11111111-1111-1111-1111-111111111111");
        Set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
        Set("AZURE_FEDERATED_TOKEN_FILE", _folder.Write("token", "the-pods-own-token"));

        await UseStore();

        var asked = Assert.Single(_issuer.Asked, asked => asked.Contains("/oauth2/v2.0/token", StringComparison.Ordinal));
        Assert.StartsWith("https://login.microsoftonline.com/22222222-2222-2222-2222-222222222222/", asked, StringComparison.Ordinal);
        Assert.Contains("client_assertion=the-pods-own-token", asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_signs_in_with_its_managed_identity()
    {
        Set("IDENTITY_ENDPOINT", "http://identity.test/token");
        Set("IDENTITY_HEADER", "the-header");

        await UseStore();

        Assert.All(_issuer.Asked, asked => Assert.StartsWith("http://identity.test/token?", asked, StringComparison.Ordinal));
        Assert.NotEmpty(_issuer.Asked);
    }

    [Fact]
    public async Task A_token_that_the_account_does_not_accept_is_told_as_such()
    {
        Set("IDENTITY_ENDPOINT", "http://identity.test/token");
        Set("IDENTITY_HEADER", "the-header");
        Set("AZURE_CLIENT_ID", "33333333-3333-3333-3333-333333333333"); // tokens are cached by identity in the whole process
        _issuer.Audience = "https://vault.azure.net";

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => Open().EnsureWritable(Token));

        Assert.Contains("does not accept this key, signature or token", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_federation_is_told_with_the_issuers_reason()
    {
        Set("AZURE_CLIENT_ID", "11111111-1111-1111-1111-111111111111");
        Set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
        Set("AZURE_FEDERATED_TOKEN_FILE", _folder.Write("token", "the-pods-own-token"));
        _issuer.Refusal = "AADSTS700213: No matching federated identity record found.";

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => Open().EnsureWritable(Token));

        Assert.Equal("signing in failed: AADSTS700213: No matching federated identity record found.", error.Problem);
        Assert.Contains("federation with this service account", error.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("the-pods-own-token", error.ToString(), StringComparison.Ordinal);
    }

    private static void Set(string variable, string value) => Environment.SetEnvironmentVariable(variable, value);

    private async Task UseStore()
    {
        var store = Open();
        await store.CreateContainer(Token);
        await store.PutBytes("a/b", "content"u8.ToArray(), cancellationToken: Token);
        await store.PutBytes("a/large", new byte[200_000], cancellationToken: Token);

        Assert.Equal("content"u8.ToArray(), await store.ReadAllBytes("a/b", Token));
        Assert.Equal(["a/b", "a/large"], (await store.List("", Token).ToListAsync(Token)).Select(i => i.Key));
    }

    private AzureObjectStore Open() => new(
        AzureLocation.Parse($"azure://{Azurite.Account}/models/team"), AzuriteStores.Small with { Transport = new HttpClientTransport(_issuer) }, _ => null);

    private sealed class Issuer : DelegatingHandler
    {
        private readonly List<string> _asked = [];

        public Issuer(int azuritePort, string certificate)
            : base(new SocketsHttpHandler
            {
                ConnectCallback = async (_, token) =>
                {
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, azuritePort), token);
                    return new NetworkStream(socket, ownsSocket: true);
                },
                SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate },
            })
        {
        }

        public string Audience { get; set; } = Storage;

        public string? Refusal { get; set; }

        public IReadOnlyList<string> Asked => _asked;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!;
            if (url.Host.EndsWith(".blob.core.windows.net", StringComparison.Ordinal))
            {
                return await base.SendAsync(request, cancellationToken);
            }

            _asked.Add($"{url}\n{(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken))}");
            return url switch
            {
                _ when url.AbsolutePath.Contains("/discovery/instance", StringComparison.Ordinal) => Json(HttpStatusCode.OK, """
                    {"tenant_discovery_endpoint": "https://login.microsoftonline.com/common/.well-known/openid-configuration", "api-version": "1.1",
                     "metadata": [{"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net", "aliases": ["login.microsoftonline.com", "login.windows.net"]}]}
                    """),
                _ when Refusal is not null => Json(HttpStatusCode.Unauthorized, $$"""{"error": "invalid_client", "error_description": "{{Refusal}}"}"""),
                _ => Json(HttpStatusCode.OK, $$"""
                    {"access_token": "{{Jwt()}}", "token_type": "Bearer", "resource": "{{Storage}}", "expires_in": "3600",
                     "expires_on": "{{TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}}"}
                    """.Replace("\"3600\"", url.Host == "identity.test" ? "\"3600\"" : "3600", StringComparison.Ordinal)),
            };
        }

        // Azurite looks at times, issuer and audience, and at no signature.
        private string Jwt()
        {
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
            var claims = string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"iss": "https://sts.windows.net/22222222-2222-2222-2222-222222222222/", "aud": "{{Audience}}", "iat": {{now - 60}}, "nbf": {{now - 60}}, "exp": {{now + 3600}}}""");
            return $"{Encoded("""{"alg": "RS256", "typ": "JWT"}""")}.{Encoded(claims)}.{Encoded("signature")}";
        }

        private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

        private static HttpResponseMessage Json(HttpStatusCode status, string body) =>
            new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
