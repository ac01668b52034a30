using System.Security.Cryptography;
using System.Text;

namespace GmailCluster.Randomness;

/// <summary>
/// A counter-based generator (Philox4x32-10; Salmon et al., SC 2011): number i of a stream is a pure function of the stream's
/// key and i, so noise, order and augmentation never depend on who draws them, or when. Not for cryptography. A value type
/// that carries a cursor: pass by <c>ref</c> to go on drawing from one stream.
/// </summary>
public struct CounterRandom
{
    private readonly uint _key0;
    private readonly uint _key1;
    private readonly uint _stream0;
    private readonly uint _stream1;
    private ulong _counter;
    private (uint A, uint B, uint C, uint D) _block;
    private int _used;

    private CounterRandom(ulong key, ulong stream)
    {
        (_key0, _key1) = ((uint)key, (uint)(key >> 32));
        (_stream0, _stream1) = ((uint)stream, (uint)(stream >> 32));
        _counter = 0;
        _block = default;
        _used = 4;
    }

    /// <summary>The stream for one purpose. Say what the numbers are for: <c>For(seed, "noise", captionId, "0")</c>.</summary>
    /// <param name="seed">The experiment's seed.</param>
    /// <param name="purpose">What the numbers are for; every part counts, with its boundaries.</param>
    public static CounterRandom For(ulong seed, params ReadOnlySpan<string> purpose)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> word = stackalloc byte[8];
        BitConverter.TryWriteBytes(word, seed);
        hash.AppendData(word);
        foreach (var part in purpose)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            BitConverter.TryWriteBytes(word, (ulong)bytes.Length);
            hash.AppendData(word);
            hash.AppendData(bytes);
        }

        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        return new CounterRandom(BitConverter.ToUInt64(digest), BitConverter.ToUInt64(digest[8..]));
    }

    /// <summary>32 uniform bits.</summary>
    public uint NextUInt32()
    {
        if (_used == 4)
        {
            _block = Philox((uint)_counter, (uint)(_counter >> 32), _stream0, _stream1, _key0, _key1);
            _counter++;
            _used = 0;
        }

        return _used++ switch { 0 => _block.A, 1 => _block.B, 2 => _block.C, _ => _block.D };
    }

    /// <summary>64 uniform bits, as a seed for another generator (a <c>torch.Generator</c>).</summary>
    public ulong NextUInt64() => NextUInt32() | ((ulong)NextUInt32() << 32);

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, <paramref name="limit"/>), without bias (Lemire 2019).</summary>
    public int Next(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var bound = (uint)limit;
        while (true)
        {
            var product = (ulong)NextUInt32() * bound;
            if ((uint)product >= (uint)(-(int)bound) % bound)
            {
                return (int)(product >> 32);
            }
        }
    }

    /// <summary>Fills with standard normal numbers (Box-Muller in double precision, rounded once).</summary>
    public void FillNormal(Span<float> destination)
    {
        for (var i = 0; i < destination.Length; i += 2)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
            var (sin, cos) = Math.SinCos(2 * Math.PI * NextDouble());
            destination[i] = (float)(radius * cos);
            if (i + 1 < destination.Length)
            {
                destination[i + 1] = (float)(radius * sin);
            }
        }
    }

    /// <summary>A uniform permutation of 0..<paramref name="count"/>-1 (Fisher-Yates).</summary>
    public int[] Permutation(int count)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            var j = Next(i + 1);
            order[i] = order[j];
            order[j] = i;
        }

        return order;
    }

    internal static (uint A, uint B, uint C, uint D) Philox(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (var round = 0; round < 10; round++)
        {
            var product0 = (ulong)0xD2511F53u * c0;
            var product1 = (ulong)0xCD9E8D57u * c2;
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1, (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            k0 += 0x9E3779B9u; // golden ratio
            k1 += 0xBB67AE85u; // sqrt(3) - 1
        }

        return (c0, c1, c2, c3);
    }
}
