using GmailCluster.Data.Storage;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tests.Storage;

public sealed class ObjectStoresTests
{
    [Fact]
    public void A_path_and_a_file_url_open_the_same_folder()
    {
        Assert.Equal("/data/my store", ObjectStores.Open("/data/my store/").Location);
        Assert.Equal("/data/my store", ObjectStores.Open("file:///data/my%20store").Location);
        Assert.Equal(Path.GetFullPath("runs"), ObjectStores.Open("./runs").Location);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("gopher://x/y")]
    [InlineData("file://host/share")]
    [InlineData("file://")]
    [InlineData("file:///")]
    public void A_location_that_names_no_store_is_refused(string location)
    {
        var error = Assert.Throws<InputException>(() => ObjectStores.Open(location));

        Assert.Contains($"'{location}'", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
    }
}
