using System.Text.Json;
using CsCheck;
using GmailCluster.Keys;
using GmailCluster.Shards;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace GmailCluster.Tests.Shards;

public sealed class ShardLeafTests
{
    [Fact]
    public void No_history_loses_changes_or_repeats_a_shard() =>
        Gen.Select(Gen.Int[1024, 1044], Gen.OneOf("aa", "bb")).Array[0, 60].Sample(history =>
        {
            var leaf = ShardLeaf.Empty(1);
            var first = new SortedDictionary<int, ShardEntry>();
            foreach (var (number, sha) in history)
            {
                var entry = new ShardEntry(number, sha, 5, 1);
                var (next, result) = leaf.Append(entry);

                var expected = !first.TryGetValue(number, out var there) ? AppendResult.Appended
                    : there == entry ? AppendResult.AlreadyThere
                    : AppendResult.DifferentContent;
                Assert.Equal(expected, result);
                first.TryAdd(number, entry);
                leaf = next;
                Assert.Equal(first.Values, leaf.Shards);
            }

            Assert.Equal(new ShardLeafSummary(1, first.Count, first.Count, 5L * first.Count), leaf.Summarise());
        }, threads: 1);

    [Theory]
    [InlineData(1023)]
    [InlineData(2048)]
    public void A_shard_of_another_leaf_is_refused(int number) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ShardLeaf.Empty(1).Append(new ShardEntry(number, "aa", 1, 1)));

    [Fact]
    public void A_million_shards_keep_the_root_small_and_its_sums_right()
    {
        var leaves = Enumerable.Range(0, 977).Select(n => new ShardLeaf(
            n, [.. Enumerable.Range(n * ShardLeaf.Capacity, ShardLeaf.Capacity).Select(i => new ShardEntry(i, "aa", 300_000_000, 1000))]));

        var root = ShardManifest.Over("k", leaves.Reverse().Select(leaf => leaf.Summarise()), []);

        Assert.Equal((1_000_448, 1_000_448_000L, 1_000_448L * 300_000_000), (root.ShardCount, root.SampleCount, root.LengthBytes));
        Assert.Equal(Enumerable.Range(0, 977), root.Leaves.Select(l => l.Number));
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(root).Length, 1, 200_000);
    }

    [Fact]
    public void Paths_are_those_of_the_design()
    {
        var key = new ArtifactKey("0123456789abcdef0123456789abcdef");

        Assert.Equal("images/0123456789abcdef0123456789abcdef/leaf-00007.json", ShardPaths.Leaf(key, 7));
        Assert.Equal("images/0123456789abcdef0123456789abcdef/shards/ff.tar", ShardPaths.Shard(key, "ff"));
        Assert.Equal("images/0123456789abcdef0123456789abcdef/manifest.json", ShardPaths.Root(key));
    }

    [Fact]
    public void Leaves_and_manifests_ride_in_messages()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var leaf = ShardLeaf.Empty(0).Append(new ShardEntry(1, "aa", 2, 3)).Next;
        var root = ShardManifest.Over("k", [leaf.Summarise()], [KeyValuePair.Create("a", "b")]);

        var leafAgain = serializer.Deserialize<ShardLeaf>(serializer.SerializeToArray(leaf))!;
        var rootAgain = serializer.Deserialize<ShardManifest>(serializer.SerializeToArray(root))!;

        Assert.Equal(leaf.Shards, leafAgain.Shards);
        Assert.Equal(root.Leaves, rootAgain.Leaves);
        Assert.Equal(root.Notes, rootAgain.Notes);
        Assert.Equal((root.Dataset, root.ShardCount, root.SampleCount, root.LengthBytes),
            (rootAgain.Dataset, rootAgain.ShardCount, rootAgain.SampleCount, rootAgain.LengthBytes));
    }
}
