using CsCheck;
using GmailCluster.Cluster.Exchange;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

public sealed class ReduceLayoutTests
{
    [Fact]
    public void Owners_chunks_cover_every_value_once_and_leaves_are_added_to_the_first() =>
        Gen.Select(Gen.Int[1, 4].Array[2, 6], Gen.Int[0, 3_000_000]).Sample((rankCounts, length) =>
        {
            var members = rankCounts.Select((count, i) => new ExchangeMember($"{i}", "", rankCounts.Take(i).Sum(), count)).ToArray();
            var layout = new ReduceLayout(new ExchangePlan(new ArtifactKey("run"), 1, rankCounts.Sum(), members, 0));
            var chunks = members.Select((_, member) => layout.Chunk(member, length)).ToArray();

            if (layout.IsDirect(length))
            {
                Assert.All(chunks, chunk => Assert.Equal((0, length), chunk));
            }
            else
            {
                var end = 0;
                foreach (var (start, count) in chunks)
                {
                    Assert.Equal(end, start);
                    end = start + count;
                }

                Assert.Equal(length, end);
            }

            Assert.Equal(layout.LeafCount, layout.FirstLeaf(members.Length - 1) + layout.Parts(members.Length - 1));
            Assert.Equal(layout.LeafCount - 1, layout.Additions.Count);
            Assert.Equal(Enumerable.Range(1, layout.LeafCount - 1), layout.Additions.Select(addition => addition.From).Order());
            Assert.Equal(0, layout.Additions[^1].Into);
        });
}
