using CsCheck;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>Tries to make a key that is more than a name below a root.</summary>
public sealed class ObjectKeyTests
{
    // The pieces that attacks on paths are made of.
    private static readonly Gen<string> Hostile = Gen.OneOf(
        "..", ".", "/", "\\", "//", "%2e%2e", "%2f", "~", "a", "b.json", "C:", "\0", "\n", " ", "..%c0%af", "\uff0e\uff0e", "\u2215", "?x=1", "#y", "&", "-", "+", "_", "...", "nul").Array[0, 8].Select(string.Concat);

    [Fact]
    public void No_accepted_key_leaves_its_folder_or_its_container() => Hostile.Sample(
        key =>
        {
            var isAccepted = true;
            try
            {
                ObjectKey.Validate(key);
            }
            catch (InputException)
            {
                isAccepted = false;
            }

            if (!isAccepted)
            {
                return;
            }

            Assert.Equal($"/store/{key}", Path.GetFullPath(Path.Combine("/store", key)));
            Assert.Equal($"https://host/container/prefix/{key}", new Uri($"https://host/container/prefix/{key}").AbsoluteUri);
            Assert.DoesNotContain('~', key); // the folder store's own bookkeeping
        },
        iter: 20_000);

    [Fact]
    public void Whatever_a_prefix_lists_is_below_it() => Hostile.Sample(
        prefix =>
        {
            try
            {
                ObjectKey.ValidatePrefix(prefix);
            }
            catch (InputException)
            {
                return;
            }

            Assert.StartsWith("/store/", Path.GetFullPath(Path.Combine("/store", prefix[..(prefix.LastIndexOf('/') + 1)])) + "/", StringComparison.Ordinal);
        },
        iter: 20_000);
}
