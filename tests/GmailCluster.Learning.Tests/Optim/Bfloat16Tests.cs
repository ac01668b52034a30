using CsCheck;
using GmailCluster.Learning.Optim;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Optim;

public sealed class Bfloat16Tests
{
    private static readonly float[] Odd =
    [
        0f, -0f, 1f, 1.00390625f, 1.01171875f, -1.00390625f, float.MaxValue, float.MinValue, float.Epsilon, float.PositiveInfinity,
        float.NegativeInfinity, float.NaN, BitConverter.UInt32BitsToSingle(0x7F80_0001), BitConverter.UInt32BitsToSingle(0xFFFF_FFFF),
        BitConverter.UInt32BitsToSingle(0x3F80_8000), BitConverter.UInt32BitsToSingle(0x3F81_8000),
    ];

    [Fact]
    public void Values_round_as_torch_rounds_them() =>
        Gen.OneOf<float>(Gen.UInt.Select(BitConverter.UInt32BitsToSingle), Gen.OneOf(Odd)).Array[1, 200].Sample(values =>
        {
            using var scope = NewDisposeScope();
            var expected = tensor(values).to(ScalarType.BFloat16).to(ScalarType.Float32).data<float>().ToArray();
            var rounded = values.ToArray();
            var packed = new ushort[values.Length];
            var unpacked = new float[values.Length];

            Bfloat16.Round(rounded);
            Bfloat16.Pack(values, packed);
            Bfloat16.Unpack(packed, unpacked);

            Assert.Equal(expected, rounded); // NaN equals NaN here, whatever its bits
            Assert.Equal(Bits(rounded), Bits(unpacked));
        });

    [Fact]
    public void A_sum_is_rounded_wherever_it_lies() => Gen.Float[-1e6f, 1e6f].Array[3, 100].Sample(values =>
    {
        var right = values.Reverse().ToArray();
        var expected = values.Zip(right, (a, b) => a + b).ToArray();
        Bfloat16.Round(expected);

        Bfloat16.Add(values, right, right);

        Assert.Equal(expected, right);
    });

    private static uint[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToUInt32Bits)];
}
