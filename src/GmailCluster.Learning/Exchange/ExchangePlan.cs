using GmailCluster.Keys;
using GmailCluster.Learning.Optim;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Exchange;

/// <summary>Who takes part in a run under one generation number, and which ranks each holds.</summary>
/// <param name="Run">The run.</param>
/// <param name="GenerationNumber">The plan's fence: frames of another number are refused.</param>
/// <param name="WorldSize">Virtual ranks R.</param>
/// <param name="Members">The silos, in order of their ranks: contiguous blocks that cover [0, R).</param>
/// <param name="Self">Which of them this silo is.</param>
/// <param name="Wire">In which numbers gradients travel.</param>
public sealed record ExchangePlan(
    ArtifactKey Run, long GenerationNumber, int WorldSize, IReadOnlyList<ExchangeMember> Members, int Self, WireType Wire = WireType.Float32)
{
    /// <summary>This silo.</summary>
    public ExchangeMember Own => Members[Self];

    /// <summary>The nodes of the canonical tree that a member sums by itself.</summary>
    public IReadOnlyList<Subtree> SubtreesOf(ExchangeMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return CanonicalTree.Subtrees(member.FirstRank, member.RankCount, WorldSize);
    }

    /// <summary>Refuses a plan whose members do not cover the ranks one after the other.</summary>
    /// <exception cref="ArgumentException">What is wrong.</exception>
    public void Check()
    {
        var next = 0;
        foreach (var member in Members)
        {
            if (member.FirstRank != next || member.RankCount < 1)
            {
                throw new ArgumentException($"{member.Silo} holds {member.RankCount} ranks from {member.FirstRank}, but rank {next} is the next.");
            }

            next += member.RankCount;
        }

        if (next != WorldSize || (uint)Self >= (uint)Members.Count)
        {
            throw new ArgumentException($"The members hold {next} ranks of {WorldSize}, and this silo is number {Self} of {Members.Count}.");
        }
    }
}

/// <summary>One silo of a plan.</summary>
/// <param name="Silo">The silo's name in the cluster.</param>
/// <param name="Address">Where its data plane listens, <c>host:port</c>.</param>
/// <param name="FirstRank">Its first virtual rank.</param>
/// <param name="RankCount">How many virtual ranks it holds, at least one.</param>
public sealed record ExchangeMember(string Silo, string Address, int FirstRank, int RankCount);
