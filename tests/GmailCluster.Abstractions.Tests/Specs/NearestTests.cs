using GmailCluster.Specs;

namespace GmailCluster.Tests.Specs;

public sealed class NearestTests
{
    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("gmial", "gmail", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("same", "same", 0)]
    public void Distance_counts_edits_and_swaps(string from, string to, int distance)
    {
        Assert.Equal(distance, Nearest.Distance(from, to));
        Assert.Equal(distance, Nearest.Distance(to, from));
    }

    [Fact]
    public void Nothing_is_near_a_word_that_shares_little() => Assert.Null(Nearest.To("zzzzzzzz", ["steps", "seed"]));

    [Fact]
    public void The_nearest_wins() => Assert.Equal("batch_size", Nearest.To("batchsize", ["steps", "shard_size", "batch_size"]));
}
