using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GmailCluster.Learning.Training;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// A replica's state on a connection: a byte that says whether there is one, four lengths, the values, and the SHA-256 of all of
/// it. Lengths are checked before anything is allocated, the hash before anything is believed.
/// </summary>
/// <param name="stream">The connection's.</param>
/// <param name="progress">Called after each piece: the peer lives.</param>
internal sealed class StateStream(Stream stream, Action<int> progress) : IDisposable
{
    private const int Lengths = 4;
    private const int PieceBytes = 1 << 20;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _piece = new byte[PieceBytes];

    /// <summary>Writes a state, or that there is none.</summary>
    public async Task Write(TrainingState? state, CancellationToken cancellationToken)
    {
        double[] losses = state is null ? [] : [.. state.Losses];
        var head = new byte[1 + (Lengths * sizeof(long))];
        head[0] = (byte)(state is null ? 0 : 1);
        long[] lengths = [losses.Length, state?.Values.Length ?? 0, state?.FirstMoment.Length ?? 0, state?.SecondMoment.Length ?? 0];
        for (var i = 0; i < Lengths; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(1 + (i * sizeof(long))), lengths[i]);
        }

        await Send(head, cancellationToken).ConfigureAwait(false);
        if (state is not null)
        {
            await SendAll(losses, cancellationToken).ConfigureAwait(false);
            await SendAll(state.Values, cancellationToken).ConfigureAwait(false);
            await SendAll(state.FirstMoment, cancellationToken).ConfigureAwait(false);
            await SendAll(state.SecondMoment, cancellationToken).ConfigureAwait(false);
        }

        await stream.WriteAsync(_hash.GetHashAndReset(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="ProtocolException">It is too large, or not what was hashed.</exception>
    public async Task<TrainingState?> Read(long maxBytes, CancellationToken cancellationToken)
    {
        var head = new byte[1 + (Lengths * sizeof(long))];
        await Receive(head, cancellationToken).ConfigureAwait(false);
        var lengths = Enumerable.Range(0, Lengths).Select(i => BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(1 + (i * sizeof(long))))).ToArray();
        var limit = maxBytes / sizeof(double);
        if (head[0] > 1 || lengths.Any(length => length < 0 || length > Array.MaxLength || length > limit)
            || lengths.Sum() > limit || (head[0] == 0 && lengths.Any(length => length > 0)))
        {
            throw new ProtocolException($"a state of {string.Join(" + ", lengths)} values, where {limit} are the limit");
        }

        TrainingState? state = null;
        if (head[0] == 1)
        {
            state = new TrainingState(
                await ReceiveAll<double>(lengths[0], cancellationToken).ConfigureAwait(false),
                await ReceiveAll<float>(lengths[1], cancellationToken).ConfigureAwait(false),
                await ReceiveAll<float>(lengths[2], cancellationToken).ConfigureAwait(false),
                await ReceiveAll<float>(lengths[3], cancellationToken).ConfigureAwait(false));
        }

        var expected = _hash.GetHashAndReset();
        var hash = new byte[expected.Length];
        await stream.ReadExactlyAsync(hash, cancellationToken).ConfigureAwait(false);
        return hash.AsSpan().SequenceEqual(expected) ? state : throw new ProtocolException("a state with another SHA-256 than it says");
    }

    public void Dispose() => _hash.Dispose();

    private async Task SendAll<T>(T[] values, CancellationToken cancellationToken)
        where T : unmanaged
    {
        var perPiece = PieceBytes / Unsafe.SizeOf<T>();
        for (var start = 0; start < values.Length; start += perPiece)
        {
            var bytes = MemoryMarshal.AsBytes(values.AsSpan(start, Math.Min(perPiece, values.Length - start)));
            bytes.CopyTo(_piece);
            await Send(_piece.AsMemory(0, bytes.Length), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T[]> ReceiveAll<T>(long length, CancellationToken cancellationToken)
        where T : unmanaged
    {
        var values = GC.AllocateUninitializedArray<T>((int)length);
        var perPiece = PieceBytes / Unsafe.SizeOf<T>();
        for (var start = 0; start < values.Length; start += perPiece)
        {
            var count = Math.Min(perPiece, values.Length - start);
            var bytes = _piece.AsMemory(0, count * Unsafe.SizeOf<T>());
            await Receive(bytes, cancellationToken).ConfigureAwait(false);
            bytes.Span.CopyTo(MemoryMarshal.AsBytes(values.AsSpan(start, count)));
        }

        return values;
    }

    private async Task Send(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _hash.AppendData(bytes.Span);
        await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        progress(bytes.Length);
    }

    private async Task Receive(Memory<byte> bytes, CancellationToken cancellationToken)
    {
        await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        _hash.AppendData(bytes.Span);
        progress(bytes.Length);
    }
}
