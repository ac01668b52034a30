using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Cluster.Exchange;

/// <summary>What a caller wants.</summary>
/// <param name="ClusterId">The caller's cluster.</param>
/// <param name="Run">The run.</param>
/// <param name="IsFetch">It wants the run's state; else it comes as a member of a plan.</param>
/// <param name="GenerationNumber">The plan's fence.</param>
/// <param name="Member">Which member it is.</param>
/// <param name="PlanDigest">SHA-256 of the plan, 32 bytes.</param>
internal sealed record Hello(string ClusterId, ArtifactKey Run, bool IsFetch, long GenerationNumber, int Member, ReadOnlyMemory<byte> PlanDigest)
{
    private const int DigestBytes = 32;
    private const int MaxText = 255;

    private static ReadOnlySpan<byte> Magic => "GMDP\u0002"u8;

    /// <summary>A member's.</summary>
    public static Hello Of(string clusterId, ExchangePlan plan) => new(clusterId, plan.Run, false, plan.GenerationNumber, plan.Self, Digest(plan));

    /// <summary>That of a silo that wants a run's state.</summary>
    public static Hello ToFetch(string clusterId, ArtifactKey run) => new(clusterId, run, true, 0, 0, new byte[DigestBytes]);

    /// <summary>What all members of a plan agree on.</summary>
    public static byte[] Digest(ExchangePlan plan)
    {
        var text = new StringBuilder().Append(plan.Run.Value).Append('\n').Append(plan.WorldSize).Append('\n').Append(plan.Wire).Append('\n');
        foreach (var member in plan.Members)
        {
            text.Append(member.Silo).Append('\n').Append(member.Address).Append('\n').Append(member.FirstRank).Append('\n').Append(member.RankCount).Append('\n');
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>The message: magic and version 5, nonce 32, kind 1, generation number 8, member 4, digest 32, cluster and run with a length each.</summary>
    public byte[] ToBytes(byte[] nonce)
    {
        byte[] cluster = Encoding.UTF8.GetBytes(ClusterId), run = Encoding.UTF8.GetBytes(Run.Value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cluster.Length, MaxText, nameof(ClusterId));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(run.Length, MaxText, nameof(Run));
        var numbers = new byte[sizeof(long) + sizeof(int)];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, GenerationNumber);
        BinaryPrimitives.WriteInt32LittleEndian(numbers.AsSpan(sizeof(long)), Member);
        return
        [
            .. Magic, .. nonce, (byte)(IsFetch ? 1 : 0), .. numbers, .. PlanDigest.Span, (byte)cluster.Length, .. cluster, (byte)run.Length, .. run,
        ];
    }

    /// <summary>Reads what a stranger sent.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int nonceBytes, [NotNullWhen(true)] out Hello? hello)
    {
        hello = null;
        var fixedBytes = Magic.Length + nonceBytes + 1 + sizeof(long) + sizeof(int) + DigestBytes;
        if (bytes.Length < fixedBytes || !bytes.StartsWith(Magic))
        {
            return false;
        }

        var rest = bytes[(Magic.Length + nonceBytes)..];
        var kind = rest[0];
        var generationNumber = BinaryPrimitives.ReadInt64LittleEndian(rest[1..]);
        var member = BinaryPrimitives.ReadInt32LittleEndian(rest[9..]);
        var digest = rest.Slice(13, DigestBytes).ToArray();
        rest = bytes[fixedBytes..];
        if (kind > 1 || !TryText(ref rest, out var cluster) || !TryText(ref rest, out var run) || rest.Length > 0)
        {
            return false;
        }

        hello = new Hello(cluster, new ArtifactKey(run), kind == 1, generationNumber, member, digest);
        return true;
    }

    private static bool TryText(ref ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (bytes.IsEmpty || bytes.Length < 1 + bytes[0])
        {
            return false;
        }

        text = Encoding.UTF8.GetString(bytes.Slice(1, bytes[0]));
        bytes = bytes[(1 + bytes[0])..];
        return true;
    }
}
