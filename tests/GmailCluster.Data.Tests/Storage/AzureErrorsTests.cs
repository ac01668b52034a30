using System.Net.Sockets;
using Azure;
using Azure.Core.Pipeline;
using Azure.Identity;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Storage;

public sealed class AzureErrorsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(403, "AuthorizationPermissionMismatch", "permission was denied", "'Storage Blob Data Contributor' on the container 'tests'")]
    [InlineData(403, "AuthorizationFailure", "requests from this network", "account's firewall")]
    [InlineData(403, "AuthenticationFailed", "does not accept this key, signature or token", "keys are rotated")]
    [InlineData(401, "InvalidAuthenticationInfo", "does not accept this key, signature or token", "AZURE_TENANT_ID")]
    [InlineData(403, "KeyBasedAuthenticationNotPermitted", "allows no keys", "Unset AZURE_STORAGE_CONNECTION_STRING")]
    [InlineData(403, "AccountIsDisabled", "disabled", "owner")]
    [InlineData(409, "BlobImmutableDueToPolicy", "may not be changed", "immutability policy")]
    [InlineData(409, "BlobArchived", "archive tier", "hot tier")]
    [InlineData(400, "SomethingNew", "400 SomethingNew", "GMAILCLUSTER_DEBUG")]
    public async Task A_refusal_is_told_by_its_kind_with_a_remedy_and_without_a_retry(int status, string code, string problem, string remedy)
    {
        await using var proxy = new FaultProxy(_ => Fault.Error(status, code));
        var store = AzuriteStores.Through(proxy.Port, AzuriteStores.New());

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => store.EnsureWritable(Token));

        Assert.Equal(store.Location, error.Where);
        Assert.Contains(problem, error.Problem, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Remedy, StringComparison.Ordinal);
        Assert.Equal(1, proxy.RequestCount);
        await Assert.ThrowsAsync<GmailClusterException>(() => store.Stat("k", Token));
        await Assert.ThrowsAsync<GmailClusterException>(() => store.OpenRead("k", 0, null, Token));
        await Assert.ThrowsAsync<GmailClusterException>(() => store.Delete("k", null, Token));
        await Assert.ThrowsAsync<GmailClusterException>(async () => await store.List("", Token).ToListAsync(Token));
    }

    [Theory]
    [InlineData(-60, "60 minutes ahead of")]
    [InlineData(60, "60 minutes behind")]
    public async Task A_clock_that_is_wrong_is_told_as_such(int theirMinutes, string problem)
    {
        await using var proxy = new FaultProxy(_ => Fault.Error(403, "AuthenticationFailed", TimeProvider.System.GetUtcNow().AddMinutes(theirMinutes)));

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => AzuriteStores.Through(proxy.Port, AzuriteStores.New()).Stat("k", Token));

        Assert.Contains($"this machine's clock is {problem} the service's", error.Problem, StringComparison.Ordinal);
        Assert.Contains("NTP", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_does_not_exist_is_wrong_input_for_every_call()
    {
        var store = AzuriteStores.Open("azure://devstoreaccount1/not-there", Azurite.Shared.Port);

        InputException[] errors =
        [
            await Assert.ThrowsAsync<InputException>(() => store.EnsureWritable(Token)),
            await Assert.ThrowsAsync<InputException>(() => store.Stat("k", Token)),
            await Assert.ThrowsAsync<InputException>(() => store.OpenRead("k", 0, null, Token)),
            await Assert.ThrowsAsync<InputException>(() => store.Delete("k", null, Token)),
            await Assert.ThrowsAsync<InputException>(() => store.PutBytes("k", new byte[200_000], PutCondition.WhenAbsent, Token)),
            await Assert.ThrowsAsync<InputException>(async () => await store.List("", Token).ToListAsync(Token)),
        ];

        Assert.All(errors, error =>
        {
            Assert.Contains("the container 'not-there' does not exist.", error.Message, StringComparison.Ordinal);
            Assert.Contains("gmailcluster doctor --store azure://devstoreaccount1/not-there --create-container", error.Remedy, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_never_shown()
    {
        var wrong = Convert.ToBase64String(new byte[64]);
        var text = $"AccountName={Azurite.Account};AccountKey={wrong};BlobEndpoint=http://127.0.0.1:{Azurite.Shared.Port}/{Azurite.Account};";
        var store = new AzureObjectStore(AzureLocation.Parse(AzuriteStores.New().Location), AzuriteStores.Small, name => name == AzureConnection.StringVariable ? text : null);

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => store.EnsureWritable(Token));

        Assert.Contains("refuses this key", error.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(wrong[..20], error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_else_that_answers_is_told_as_such()
    {
        await using var portal = new FaultProxy(_ => new Fault(FaultKind.Answer)
        {
            Head = "HTTP/1.1 403 No\r\nContent-Type: application/xml\r\nContent-Length: 9\r\n\r\n", Body = "<p>log in",
        });

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => AzuriteStores.Through(portal.Port, AzuriteStores.New()).EnsureWritable(Token));

        Assert.Contains("is not blob storage", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_where_nobody_listens_is_told_soon_unless_it_has_answered_before()
    {
        var proxy = new FaultProxy(_ => Fault.None);
        var port = proxy.Port;
        using var counter = new Counter();
        var settings = AzuriteStores.Small with { Transport = new HttpClientTransport(counter) };
        var (known, unknown) = (AzuriteStores.Through(port, AzuriteStores.New(), settings), AzuriteStores.Through(port, AzuriteStores.New(), settings));
        await known.PutBytes("k", new byte[] { 1 }, cancellationToken: Token);
        await proxy.DisposeAsync();

        counter.Sent = 0;
        var soon = await Assert.ThrowsAsync<GmailClusterException>(() => unknown.Stat("k", Token));
        var sentSoon = counter.Sent;
        counter.Sent = 0;
        var late = await Assert.ThrowsAsync<GmailClusterException>(() => known.Stat("k", Token));

        Assert.Contains($"127.0.0.1:{port} cannot be reached", soon.Problem, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{port} cannot be reached", late.Problem, StringComparison.Ordinal);
        Assert.Equal((1 + settings.FirstContactRetryCount, 1 + settings.RetryCount), (sentSoon, counter.Sent));
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, "there is no host acc1.blob.core.windows.net", "account's name 'acc1'")]
    [InlineData(SocketError.NetworkUnreachable, "acc1.blob.core.windows.net cannot be reached", "network and proxy")]
    [InlineData(SocketError.ConnectionReset, "broke, again and again", "what is done is not done again")]
    public void A_broken_connection_is_told_by_its_kind(SocketError socket, string problem, string remedy)
    {
        var cause = new AggregateException(new RequestFailedException("x", new HttpRequestException("x", new SocketException((int)socket))));

        var error = Assert.IsType<GmailClusterException>(Errors().Translate("k", cause));

        Assert.Contains(problem, error.Problem, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_identity_the_ways_to_sign_in_are_named()
    {
        var none = Assert.IsType<GmailClusterException>(Errors().Translate("", new CredentialUnavailableException("DefaultAzureCredential failed\n- this\n- that")));
        var notOnAzure = Assert.IsType<GmailClusterException>(Errors().Translate("", new AuthenticationFailedException(
            "ManagedIdentityCredential authentication failed: All Managed Identity sources are unavailable. The service was not detected.")));
        Assert.Equal(none.Message, notOnAzure.Message);
        var refused = Assert.IsType<GmailClusterException>(Errors().Translate("", new AuthenticationFailedException("AADSTS700016: no such application.\nTrace ID: 1")));

        Assert.Contains("workload or managed identity", none.Remedy, StringComparison.Ordinal);
        Assert.Contains("az login", none.Remedy, StringComparison.Ordinal);
        Assert.Equal("signing in failed: AADSTS700016: no such application.", refused.Problem);
    }

    private static AzureErrors Errors()
    {
        var location = AzureLocation.Parse("azure://acc1/c01");
        return new AzureErrors(location, location.Endpoint, TimeProvider.System);
    }

    private sealed class Counter() : DelegatingHandler(new SocketsHttpHandler())
    {
        public int Sent { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Sent++;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
