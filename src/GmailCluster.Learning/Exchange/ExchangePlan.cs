using GmailCluster.Keys;

namespace GmailCluster.Learning.Exchange;

/// <summary>Who takes part in a run under one generation number, and which ranks each holds.</summary>
/// <param name="Run">The run.</param>
/// <param name="GenerationNumber">The plan's fence: frames of another number are refused.</param>
/// <param name="WorldSize">Virtual ranks R.</param>
/// <param name="Members">The silos, in order of their ranks: contiguous blocks that cover [0, R).</param>
/// <param name="Self">Which of them this silo is.</param>
public sealed record ExchangePlan(ArtifactKey Run, long GenerationNumber, int WorldSize, IReadOnlyList<ExchangeMember> Members, int Self);

/// <summary>One silo of a plan.</summary>
/// <param name="Silo">The silo's name in the cluster.</param>
/// <param name="Address">Where its data plane listens, <c>host:port</c>.</param>
/// <param name="FirstRank">Its first virtual rank.</param>
/// <param name="RankCount">How many virtual ranks it holds, at least one.</param>
public sealed record ExchangeMember(string Silo, string Address, int FirstRank, int RankCount);
