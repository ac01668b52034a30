using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

public sealed class LinearProductTests : IDisposable
{
    // Of the largest value: sums of up to some hundred terms in single precision.
    private const double Tolerance = 1e-5;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _generator = new(7);

    public void Dispose()
    {
        _generator.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData(16, 17, 192, 768)]
    [InlineData(2, 321, 65, 67)]   // no multiple of a vector
    [InlineData(1, 330, 64, 64)]   // one picture, just wide enough
    [InlineData(16, 17, 192, 63)]  // too narrow: by torch itself
    [InlineData(2, 3, 128, 128)]   // too few: likewise
    public void Values_and_gradients_are_those_of_double_precision(long batch, long tokens, long inputs, long outputs)
    {
        var input = Random(batch, tokens, inputs).requires_grad_();
        var weight = Random(outputs, inputs).requires_grad_();
        var bias = Random(outputs).requires_grad_();
        var towards = Random(batch, tokens, outputs);

        var output = LinearProduct.Of(input, weight, bias);
        var gradients = autograd.grad([output], [input, weight, bias], [towards]);

        var (x, w, b) = (Double(input), Double(weight), Double(bias));
        var expected = nn.functional.linear(x, w, b);
        var expectedGradients = autograd.grad([expected], [x, w, b], [towards.to_type(ScalarType.Float64)]);
        Assert.Equal([batch, tokens, outputs], output.shape);
        Close(expected, output);
        foreach (var (wanted, got) in expectedGradients.Zip(gradients))
        {
            Close(wanted, got);
        }
    }

    [Fact]
    public void Rows_may_lie_apart_and_a_bias_may_be_missing()
    {
        var all = Random(8, 40, 128);
        var weight = Random(256, 128);
        var part = all.narrow(1, 3, 30); // [8, 30, 128] with gaps

        Close(nn.functional.linear(Double(part), Double(weight)), LinearProduct.Of(part, weight, null));
        var flat = Random(300, 128);
        Close(nn.functional.linear(Double(flat), Double(weight)), LinearProduct.Of(flat, weight, null));
    }

    [Theory]
    [InlineData(1, 4, 4, 8)]    // libtorch's own way
    [InlineData(1, 32, 64, 40)] // one large picture
    [InlineData(3, 5, 4, 8)]    // several small ones
    public void Over_a_map_it_is_the_same_product_at_every_place(long batch, long inputs, long outputs, long size)
    {
        var map = Random(batch, size, size, inputs);
        var kernel = Random(outputs, inputs, 1, 1);
        var bias = Random(outputs);

        var output = LinearProduct.OverMap(map.permute(0, 3, 1, 2), kernel, bias);

        Close(nn.functional.linear(Double(map), Double(kernel.view(outputs, inputs)), Double(bias)), output.permute(0, 2, 3, 1));
    }

    [Fact]
    public async Task Threads_at_once_get_the_bits_of_one()
    {
        var (input, weight, bias) = (Random(16, 17, 192), Random(768, 192), Random(768));
        var alone = LinearProduct.Of(input, weight, bias);

        var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () => LinearProduct.Of(input, weight, bias).DetachFromDisposeScope(), TestContext.Current.CancellationToken)));

        foreach (var output in together)
        {
            Assert.True(output.equal(alone).all().item<bool>());
            output.Dispose();
        }
    }

    private Tensor Random(params long[] shape) => randn(shape, generator: _generator);

    private static Tensor Double(Tensor values) => values.detach().to_type(ScalarType.Float64).requires_grad_();

    private static void Close(Tensor expected, Tensor actual)
    {
        var error = (expected.detach() - actual.detach().to_type(ScalarType.Float64)).abs().max().item<double>();
        Assert.InRange(error / expected.detach().abs().max().item<double>(), 0, Tolerance);
    }
}
