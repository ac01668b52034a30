using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using GmailCluster.Keys;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// The head of every frame between members of a plan, little endian: payload length 4, type 1, name length 1, part 2,
/// generation number 8, run 8, step 4, bucket 4, sequence 4, total 4. The name, then the payload follow.
/// </summary>
/// <param name="Length">Bytes after the head, the name's included.</param>
/// <param name="Type">What the frame is.</param>
/// <param name="NameLength">UTF-8 bytes of the call's name.</param>
/// <param name="Part">Which of the sender's partials.</param>
/// <param name="GenerationNumber">The plan's fence.</param>
/// <param name="Run">The run, see <see cref="RunTag"/>.</param>
/// <param name="Step">0-based step.</param>
/// <param name="Bucket">0-based: which sum of the step; 0 for everything else.</param>
/// <param name="Sequence">0-based piece of the message.</param>
/// <param name="Total">How much is exchanged in the call: bytes of the sender's message, or values of the sum.</param>
internal readonly record struct FrameHeader(
    int Length, FrameType Type, byte NameLength, ushort Part, long GenerationNumber, ulong Run, int Step, int Bucket, int Sequence, int Total)
{
    /// <summary>Bytes of a head.</summary>
    public const int Size = 40;

    /// <summary>Most UTF-8 bytes of a name.</summary>
    public const int MaxName = byte.MaxValue;

    /// <summary>Most bytes of a piece, in floats of the receiver's: what a core's second-level cache holds several of.</summary>
    public const int PieceBytes = 256 << 10;

    /// <summary>Most bytes after a head: a frame that claims more is garbage.</summary>
    public const int MaxLength = MaxName + PieceBytes;

    /// <summary>A run's name in a frame.</summary>
    public static ulong RunTag(ArtifactKey run) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(run.Value)));

    /// <summary>Reads a head; what it says is not checked.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt32LittleEndian(bytes), (FrameType)bytes[4], bytes[5], BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]));

    /// <summary>Writes the head.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Length);
        bytes[4] = (byte)Type;
        bytes[5] = NameLength;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], Part);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], GenerationNumber);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Run);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], Step);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[28..], Bucket);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[36..], Total);
    }
}
