using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// How two silos prove to one another that they know the cluster's secret, without telling it. The caller says who it is and
/// what it wants (with a fresh number), the listener answers with a fresh number, the caller proves, and the listener's answer
/// proves, too: HMAC-SHA256 under a key made of the secret, over everything said so far, with different labels, so that neither
/// an old proof nor the other side's own serves. Messages are short and of bounded length.
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
    public async Task<Answer> Call(Stream stream, Hello hello, CancellationToken cancellationToken)
    {
        var said = hello.ToBytes(RandomNumberGenerator.GetBytes(NonceBytes));
        var message = new byte[sizeof(ushort) + said.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)said.Length);
        said.CopyTo(message, sizeof(ushort));
        await stream.WriteAsync(message, cancellationToken).ConfigureAwait(false);

        var first = new byte[1];
        await stream.ReadExactlyAsync(first, cancellationToken).ConfigureAwait(false);
        if (first[0] != (byte)Verdict.Accepted)
        {
            return new Answer((Verdict)first[0], 0, IsProven: false);
        }

        var nonce = new byte[NonceBytes];
        await stream.ReadExactlyAsync(nonce, cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync(Proof("caller"u8, said, nonce, []), cancellationToken).ConfigureAwait(false);

        var answer = new byte[AnswerBytes];
        await stream.ReadExactlyAsync(answer.AsMemory(0, 1), cancellationToken).ConfigureAwait(false);
        if (answer[0] == (byte)Verdict.WrongSecret)
        {
            return new Answer(Verdict.WrongSecret, 0, IsProven: false);
        }

        await stream.ReadExactlyAsync(answer.AsMemory(1), cancellationToken).ConfigureAwait(false);
        var verdict = answer.AsMemory(0, AnswerBytes - ProofBytes);
        var isProven = CryptographicOperations.FixedTimeEquals(Proof("listener"u8, said, nonce, verdict.Span), answer.AsSpan(AnswerBytes - ProofBytes));
        return new Answer((Verdict)answer[0], BinaryPrimitives.ReadInt64LittleEndian(answer.AsSpan(1)), isProven);
    }

    /// <summary>The listener's side, up to where it believes the caller.</summary>
    /// <returns>The caller, who waits for an answer; or why it is not believed.</returns>
    public async Task<(Caller? Caller, Verdict Verdict)> Listen(Stream stream, string clusterId, CancellationToken cancellationToken)
    {
        var head = new byte[sizeof(ushort)];
        await stream.ReadExactlyAsync(head, cancellationToken).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(head);
        if (length > MaxHello)
        {
            return (null, Verdict.Garbage);
        }

        var said = new byte[length];
        await stream.ReadExactlyAsync(said, cancellationToken).ConfigureAwait(false);
        if (!Hello.TryRead(said, NonceBytes, out var hello))
        {
            return (null, Verdict.Garbage);
        }

        if (hello.ClusterId != clusterId)
        {
            return (null, Verdict.ForeignCluster);
        }

        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        await stream.WriteAsync((byte[])[(byte)Verdict.Accepted, .. nonce], cancellationToken).ConfigureAwait(false);
        var proof = new byte[ProofBytes];
        await stream.ReadExactlyAsync(proof, cancellationToken).ConfigureAwait(false);
        return CryptographicOperations.FixedTimeEquals(Proof("caller"u8, said, nonce, []), proof)
            ? (new Caller(hello, Answer), Verdict.Accepted)
            : (null, Verdict.WrongSecret);

        async Task Answer(Verdict verdict, long newest, CancellationToken token)
        {
            var answer = new byte[AnswerBytes];
            answer[0] = (byte)verdict;
            BinaryPrimitives.WriteInt64LittleEndian(answer.AsSpan(1), newest);
            Proof("listener"u8, said, nonce, answer.AsSpan(0, AnswerBytes - ProofBytes)).CopyTo(answer, AnswerBytes - ProofBytes);
            await stream.WriteAsync(answer, token).ConfigureAwait(false);
        }
    }

    /// <summary>Tells a caller that is not believed, if it may know.</summary>
    public static async Task Refuse(Stream stream, Verdict verdict, CancellationToken cancellationToken)
    {
        if (verdict is Verdict.ForeignCluster or Verdict.WrongSecret)
        {
            await stream.WriteAsync((byte[])[(byte)verdict], cancellationToken).ConfigureAwait(false);
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
internal sealed record Caller(Hello Hello, Func<Verdict, long, CancellationToken, Task> Answer);

/// <summary>A listener's answer.</summary>
/// <param name="Verdict">Whether the caller is welcome.</param>
/// <param name="Newest">The newest generation number that the listener knows of the run.</param>
/// <param name="IsProven">Whether the listener has proved that it knows the secret; only then is it to be believed.</param>
internal readonly record struct Answer(Verdict Verdict, long Newest, bool IsProven);
