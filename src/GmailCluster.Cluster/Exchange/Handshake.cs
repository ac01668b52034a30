using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// How two silos prove to one another that they know the cluster's secret, without telling it. The caller says who it is and
/// what it wants (with a fresh number), the listener answers with a fresh number, the caller proves, and the listener's answer
/// proves, too: HMAC-SHA256 under a key made of the secret, over everything said so far, with different labels, so that neither
/// an old proof nor the other side's own serves. Messages are short and of bounded length. All calls
/// block: a connection must not become an asynchronous one, see <see cref="PeerLink"/>.
/// </summary>
internal sealed class Handshake(string secret)
{
    private const int NonceBytes = 32;
    private const int ProofBytes = 32;
    private const int AnswerBytes = 1 + sizeof(long) + ProofBytes;
    private const int MaxHello = 1024;

    private readonly byte[] _key = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), "gmailcluster data plane 1"u8);

    /// <summary>The caller's side.</summary>
    /// <returns>The answer; <see cref="Answer.IsProven"/> says whether the listener knows the secret.</returns>
    public Answer Call(Stream stream, Hello hello)
    {
        var said = hello.ToBytes(RandomNumberGenerator.GetBytes(NonceBytes));
        var message = new byte[sizeof(ushort) + said.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)said.Length);
        said.CopyTo(message, sizeof(ushort));
        stream.Write(message);

        var first = new byte[1];
        stream.ReadExactly(first);
        if (first[0] != (byte)Verdict.Accepted)
        {
            return new Answer((Verdict)first[0], 0, IsProven: false);
        }

        var nonce = new byte[NonceBytes];
        stream.ReadExactly(nonce);
        stream.Write(Proof("caller"u8, said, nonce, []));

        var answer = new byte[AnswerBytes];
        stream.ReadExactly(answer.AsSpan(0, 1));
        if (answer[0] == (byte)Verdict.WrongSecret)
        {
            return new Answer(Verdict.WrongSecret, 0, IsProven: false);
        }

        stream.ReadExactly(answer.AsSpan(1));
        var verdict = answer.AsSpan(0, AnswerBytes - ProofBytes);
        var isProven = CryptographicOperations.FixedTimeEquals(Proof("listener"u8, said, nonce, verdict), answer.AsSpan(AnswerBytes - ProofBytes));
        return new Answer((Verdict)answer[0], BinaryPrimitives.ReadInt64LittleEndian(answer.AsSpan(1)), isProven);
    }

    /// <summary>The listener's side, up to where it believes the caller.</summary>
    /// <returns>The caller, who waits for an answer; or why it is not believed.</returns>
    public (Caller? Caller, Verdict Verdict) Listen(Stream stream, string clusterId)
    {
        var head = new byte[sizeof(ushort)];
        stream.ReadExactly(head);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(head);
        if (length > MaxHello)
        {
            return (null, Verdict.Garbage);
        }

        var said = new byte[length];
        stream.ReadExactly(said);
        if (!Hello.TryRead(said, NonceBytes, out var hello))
        {
            return (null, Verdict.Garbage);
        }

        if (hello.ClusterId != clusterId)
        {
            return (null, Verdict.ForeignCluster);
        }

        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        stream.Write((byte[])[(byte)Verdict.Accepted, .. nonce]);
        var proof = new byte[ProofBytes];
        stream.ReadExactly(proof);
        return CryptographicOperations.FixedTimeEquals(Proof("caller"u8, said, nonce, []), proof)
            ? (new Caller(hello, Answer), Verdict.Accepted)
            : (null, Verdict.WrongSecret);

        void Answer(Verdict verdict, long newest)
        {
            var answer = new byte[AnswerBytes];
            answer[0] = (byte)verdict;
            BinaryPrimitives.WriteInt64LittleEndian(answer.AsSpan(1), newest);
            Proof("listener"u8, said, nonce, answer.AsSpan(0, AnswerBytes - ProofBytes)).CopyTo(answer, AnswerBytes - ProofBytes);
            stream.Write(answer);
        }
    }

    /// <summary>Tells a caller that is not believed, if it may know.</summary>
    public static void Refuse(Stream stream, Verdict verdict)
    {
        if (verdict is Verdict.ForeignCluster or Verdict.WrongSecret)
        {
            stream.Write((byte[])[(byte)verdict]);
        }
    }

    private byte[] Proof(ReadOnlySpan<byte> label, byte[] said, byte[] nonce, ReadOnlySpan<byte> verdict)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hmac.AppendData(label);
        hmac.AppendData(nonce); // of fixed length, so that parts cannot be shifted into one another
        hmac.AppendData(BitConverter.GetBytes(said.Length));
        hmac.AppendData(said);
        hmac.AppendData(verdict);
        return hmac.GetHashAndReset();
    }
}

/// <summary>A caller that has proved itself.</summary>
/// <param name="Hello">What it wants.</param>
/// <param name="Answer">Tells it whether it is welcome, with the newest generation number known.</param>
internal sealed record Caller(Hello Hello, Action<Verdict, long> Answer);

/// <summary>A listener's answer.</summary>
/// <param name="Verdict">Whether the caller is welcome.</param>
/// <param name="Newest">The newest generation number that the listener knows of the run.</param>
/// <param name="IsProven">Whether the listener has proved that it knows the secret; only then is it to be believed.</param>
internal readonly record struct Answer(Verdict Verdict, long Newest, bool IsProven);
