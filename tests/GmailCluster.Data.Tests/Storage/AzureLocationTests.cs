using GmailCluster.Data.Storage;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tests.Storage;

public sealed class AzureLocationTests
{
    [Theory]
    [InlineData("azure://myaccount/models", "https://myaccount.blob.core.windows.net/", "azure://myaccount/models", "")]
    [InlineData("azure://myaccount/models/", "https://myaccount.blob.core.windows.net/", "azure://myaccount/models", "")]
    [InlineData("azure://myaccount/models/team-a/x", "https://myaccount.blob.core.windows.net/", "azure://myaccount/models/team-a/x", "team-a/x/")]
    [InlineData("azure://acc1.blob.core.usgovcloudapi.net/c01", "https://acc1.blob.core.usgovcloudapi.net/", "azure://acc1.blob.core.usgovcloudapi.net/c01", "")]
    [InlineData("azure://acc1.blob.core.chinacloudapi.cn/c01/p", "https://acc1.blob.core.chinacloudapi.cn/", "azure://acc1.blob.core.chinacloudapi.cn/c01/p", "p/")]
    public void A_url_names_account_container_and_prefix(string url, string endpoint, string shown, string prefix)
    {
        var location = AzureLocation.Parse(url);

        Assert.Equal(endpoint, location.Endpoint.ToString());
        Assert.Equal(shown, location.ToString());
        Assert.Equal(prefix, location.Prefix);
    }

    [Theory]
    [InlineData("azure://myaccount", "names no container")]
    [InlineData("azure://", "names no container")]
    [InlineData("azure:///c01", "the account ''")]
    [InlineData("azure://My_Account/c01", "the account 'My_Account'")]
    [InlineData("azure://acc1.blob.core windows.net/c01", "the account")]
    [InlineData("azure://acc1/C01", "the container 'C01'")]
    [InlineData("azure://acc1/a--b", "the container 'a--b'")]
    [InlineData("azure://acc1/ab", "the container 'ab'")]
    [InlineData("azure://acc1/c01/../x", "the prefix '../x'")]
    [InlineData("azure://acc1/c01/a b", "the prefix 'a b'")]
    [InlineData("azure://acc1/c01/%2e%2e/x", "the prefix '%2e%2e/x'")]
    [InlineData("azure://acc1/c01//x", "the prefix '/x'")]
    public void A_url_that_names_no_store_is_refused_with_the_form_to_write(string url, string problem)
    {
        var error = Assert.Throws<InputException>(() => AzureLocation.Parse(url));

        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.Contains("azure://account/container", error.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("azure://acc1/c01?sv=2021&sig=SECRET")]
    [InlineData("azure://user:SECRET@acc1/c01")]
    [InlineData("azure://acc1/c01#SECRET")]
    public void A_url_with_a_secret_is_refused_without_repeating_it(string url)
    {
        var error = Assert.Throws<InputException>(() => AzureLocation.Parse(url));

        Assert.DoesNotContain("SECRET", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_string_of_another_account_is_refused_by_name()
    {
        var error = Assert.Throws<InputException>(() => ObjectStores.Open("azure://otheraccount/c01", OnlyString(Azurite.ConnectionString(1))));

        Assert.Contains("'otheraccount'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'devstoreaccount1'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Eby8", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_connection_string_is_refused_without_repeating_it()
    {
        var error = Assert.Throws<InputException>(() => ObjectStores.Open("azure://acc1/c01", OnlyString("AccountName=acc1;AccountKey=SECRET")));

        Assert.StartsWith("AZURE_STORAGE_CONNECTION_STRING: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mounted_file_goes_before_the_variable()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("connection", Azurite.ConnectionString(1) + "\n");

        Assert.IsType<AzureObjectStore>(ObjectStores.Open("azure://devstoreaccount1/c01", Environment(file)));
        var error = Assert.Throws<InputException>(() => ObjectStores.Open("azure://devstoreaccount1/c01", Environment(file + "x")));
        Assert.StartsWith($"{file}x: cannot be read", error.Message, StringComparison.Ordinal);

        static Func<string, string?> Environment(string file) => name => name == AzureConnection.FileVariable ? file : "broken";
    }

    private static Func<string, string?> OnlyString(string text) => name => name == AzureConnection.StringVariable ? text : null;
}
