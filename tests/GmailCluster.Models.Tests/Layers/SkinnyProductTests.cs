using CsCheck;
using GmailCluster.Golden;
using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

public sealed class SkinnyProductTests
{
    [Fact]
    public void It_is_torchs_product_whatever_the_sizes() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 70], Gen.Int[1, 40], Gen.Bool, Gen.Int[0, 1000]).Sample((rows, inputs, outputs, hasBias, seed) =>
        {
            using var scope = NewDisposeScope();
            var generator = new Generator((ulong)seed);
            var (x, weight, bias) = (
                randn([rows, inputs], generator: generator), randn([outputs, inputs], generator: generator), hasBias ? randn([outputs], generator: generator) : null);

            var (expected, actual) = (nn.functional.linear(x, weight, bias), SkinnyProduct.Linear(x, weight, bias));

            // A sum near nothing keeps the rounding of its terms, so the yardstick is the terms' size.
            var error = (expected - actual).abs().max().item<float>();
            Assert.True(error <= 1e-5 * Math.Sqrt(inputs), $"error {error}");
        }, iter: 200);

    [Fact]
    public void Shapes_and_strides_are_respected()
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(3);
        var (x, weight) = (randn([2, 40, 3], generator: generator).transpose(1, 2), randn([7, 40], generator: generator));

        var actual = SkinnyProduct.Linear(x, weight);

        Assert.Equal([2, 3, 7], actual.shape);
        Goldens.AssertClose(nn.functional.linear(x, weight), actual, 1e-6);
    }

    [Fact]
    public void With_gradients_wanted_there_is_a_graph()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (ones(1, 32), ones(4, 32, requires_grad: true));

        var gradient = autograd.grad([SkinnyProduct.Linear(x, weight).sum()], [weight])[0];

        Assert.Equal(128, gradient.sum().item<float>());
    }

    [Fact]
    public void The_same_product_has_the_same_bits()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn([5, 300], generator: new Generator(1)), randn([33, 300], generator: new Generator(2)));

        Assert.Equal(SkinnyProduct.Linear(x, weight).bytes.ToArray(), SkinnyProduct.Linear(x, weight).bytes.ToArray());
    }
}
