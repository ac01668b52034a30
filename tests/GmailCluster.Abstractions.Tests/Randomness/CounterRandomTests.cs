using GmailCluster.Randomness;

namespace GmailCluster.Tests.Randomness;

public sealed class CounterRandomTests
{
    // Random123's kat_vectors, philox4x32, 10 rounds.
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(
        0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void The_block_function_is_philox4x32_10(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint a, uint b, uint c, uint d) =>
        Assert.Equal((a, b, c, d), CounterRandom.Philox(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void A_stream_has_these_numbers_for_ever()
    {
        // From an independent program: key and stream are the first 16 bytes of SHA-256(seed, length and UTF-8 of each part).
        uint[] expected = [0x7d829c60, 0x1aa571b1, 0x9dc80182, 0x61b14f96, 0x46500111, 0x7f498418];
        var random = CounterRandom.For(7, "noise", "1f600", "0");

        Assert.Equal(expected, expected.Select(_ => random.NextUInt32()));
        Assert.Equal(0x1aa571b1_7d829c60UL, CounterRandom.For(7, "noise", "1f600", "0").NextUInt64());
        Assert.Equal((0x1aa571b1_7d829c60UL >> 11) / (double)(1UL << 53), CounterRandom.For(7, "noise", "1f600", "0").NextDouble());
    }

    [Fact]
    public void A_copy_draws_what_the_original_draws()
    {
        var random = CounterRandom.For(1, "x");
        random.NextUInt32();
        var copy = random;

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(random.NextUInt32(), copy.NextUInt32());
        }
    }

    [Fact]
    public void Every_part_of_the_purpose_counts_with_its_boundaries()
    {
        string[][] purposes = [[], [""], ["", ""], ["a"], ["b"], ["a", ""], ["", "a"], ["ab"], ["a", "b"], ["b", "a"], ["a", "b", "0"], ["a\0b"]];
        ulong[] seeds = [0, 1, 2, 1UL << 32, ulong.MaxValue];

        var firsts = seeds.SelectMany(seed => purposes.Select(purpose => CounterRandom.For(seed, purpose).NextUInt64())).ToList();

        Assert.Equal(firsts.Count, firsts.Distinct().Count());
    }

    [Fact]
    public void Streams_of_different_purposes_are_uncorrelated()
    {
        const int Count = 20_000;
        for (var k = 0; k < 8; k++)
        {
            var (one, other) = (CounterRandom.For(5, "noise", "id", $"{k}"), CounterRandom.For(5, "noise", "id", $"{k + 1}"));
            var (product, equalBits) = (0.0, 0L);
            for (var i = 0; i < Count; i++)
            {
                product += (one.NextDouble() - 0.5) * (other.NextDouble() - 0.5) * 12;
                equalBits += 32 - long.PopCount(one.NextUInt32() ^ other.NextUInt32());
            }

            // Five standard deviations: 1/sqrt(n) for the correlation, sqrt(32 n)/2 for the bits.
            Assert.InRange(product / Count, -5 / Math.Sqrt(Count), 5 / Math.Sqrt(Count));
            Assert.InRange(equalBits - (16 * Count), -2.5 * Math.Sqrt(32 * Count), 2.5 * Math.Sqrt(32 * Count));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(64)]
    [InlineData(1000)]
    public void Bounded_numbers_are_uniform(int limit)
    {
        var counts = new int[limit];
        var random = CounterRandom.For(3, "bounded", $"{limit}");
        var draws = limit * 400;
        for (var i = 0; i < draws; i++)
        {
            counts[random.Next(limit)]++;
        }

        // Chi-square: mean limit - 1, variance 2 (limit - 1); five deviations.
        var chi = counts.Sum(c => Math.Pow(c - 400, 2) / 400);
        Assert.InRange(chi, limit - 1 - (5 * Math.Sqrt(2 * (limit - 1))), limit - 1 + (5 * Math.Sqrt(2 * (limit - 1))) + 10);
    }

    [Fact]
    public void A_bound_that_does_not_divide_two_to_the_32_is_not_biased()
    {
        // 2^32 / limit = 8/3: a bare multiply would give one residue of three 2/8 of the draws, a bare remainder the lowest two
        // thirds 3/4 of them. Five standard deviations.
        const int Limit = 3 << 29;
        var random = CounterRandom.For(3, "bias");
        var values = Enumerable.Range(0, 30_000).Select(_ => random.Next(Limit)).ToList();

        for (var residue = 0; residue < 3; residue++)
        {
            Assert.InRange(values.Count(v => v % 3 == residue), 10_000 - 410, 10_000 + 410);
        }

        Assert.InRange(values.Count(v => v < 1 << 30), 20_000 - 410, 20_000 + 410);
    }

    [Fact]
    public void Doubles_are_uniform_below_one()
    {
        var random = CounterRandom.For(4, "double");
        var values = Enumerable.Range(0, 50_000).Select(_ => random.NextDouble()).ToList();

        Assert.All(values, v => Assert.InRange(v, 0, 1 - (1.0 / (1UL << 53))));
        Assert.InRange(values.Average(), 0.5 - 0.0065, 0.5 + 0.0065);
        Assert.InRange(values.Average(v => v * v), (1 / 3.0) - 0.0067, (1 / 3.0) + 0.0067);
    }

    [Fact]
    public void Normal_numbers_have_the_moments_of_a_standard_normal()
    {
        var values = new float[100_000];
        var random = CounterRandom.For(4, "normal");
        random.FillNormal(values);

        Assert.InRange(values.Average(), -0.016, 0.016);
        Assert.InRange(values.Average(v => (double)v * v), 1 - 0.023, 1 + 0.023);
        Assert.InRange(values.Average(v => Math.Pow(v, 3)), -0.065, 0.065);
        Assert.InRange(values.Average(v => Math.Pow(v, 4)), 3 - 0.16, 3 + 0.16);
        Assert.InRange(values.Count(v => Math.Abs(v) > 1.959964f), 5000 - 350, 5000 + 350);
        Assert.All(values, v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void Fewer_normal_numbers_are_the_beginning_of_more()
    {
        var (seven, twelve) = (new float[7], new float[12]);
        CounterRandom.For(9, "n").FillNormal(seven);
        CounterRandom.For(9, "n").FillNormal(twelve);

        Assert.Equal(twelve[..7], seven);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public void A_permutation_holds_every_number_once(int count)
    {
        var order = CounterRandom.For(2, "order", $"{count}").Permutation(count);

        Assert.Equal(Enumerable.Range(0, count), order.Order());
    }

    [Fact]
    public void Every_permutation_is_as_likely()
    {
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < 12_000; i++)
        {
            var order = string.Join(',', CounterRandom.For(2, "order", $"{i}").Permutation(4));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(24, counts.Count);
        Assert.InRange(counts.Values.Sum(c => Math.Pow(c - 500, 2) / 500), 0, 23 + (5 * Math.Sqrt(46)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_bound_below_one_is_refused(int limit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CounterRandom.For(1).Next(limit));
}
