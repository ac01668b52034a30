using GmailCluster.Golden;
using GmailCluster.Models.Diffusion.Layers;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

public sealed class ChannelsLastNormTests
{
    [Theory]
    [InlineData(2, 16, 3, 5, 4, 0.0)]
    [InlineData(3, 64, 8, 8, 16, 0.5)]
    [InlineData(1, 96, 1, 1, 8, 0.0)]
    [InlineData(1, 32, 70, 41, 32, -3.0)]
    [InlineData(4, 128, 16, 16, 1, 20.0)]
    public void It_equals_libtorchs_own(long b, long c, long h, long w, long groups, double mean)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)(b + c + h));
        Tensor Random(params long[] shape) => randn(shape, generator: generator);
        var (input, weight, bias) = ((3 * Random(b, c, h, w)) + mean, Random(c), Random(c));
        var plain = nn.functional.group_norm(input, groups, weight, bias, 1e-5);
        Assert.True(ChannelsLastNorm.CanApply(input));

        var channelsLast = input.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        Goldens.AssertClose(plain, ChannelsLastNorm.Apply(channelsLast, groups, weight, bias, 1e-5, withSiLU: false), 5e-6);
        Goldens.AssertClose(plain, ChannelsLastNorm.Apply(input, groups, weight, bias, 1e-5, withSiLU: false), 5e-6, "another layout");
        Goldens.AssertClose(nn.functional.silu(plain), ChannelsLastNorm.Apply(channelsLast, groups, weight, bias, 1e-5, withSiLU: true), 5e-6, "SiLU");
    }

    [Fact]
    public void SiLU_holds_over_all_magnitudes()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // One group over all: the normalised values are the input's own, up to a scale that weight and bias undo.
        var input = cat([linspace(-120, 120, 4000, ScalarType.Float32), linspace(-0.01, 0.01, 96, ScalarType.Float32)]).view(1, 256, 4, 4)
            .permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        var (mean, deviation) = (input.mean(), input.std(unbiased: false));
        var (weight, bias) = (deviation.expand(256).contiguous(), mean.expand(256).contiguous());

        var result = ChannelsLastNorm.Apply(input, 1, weight, bias, 0, withSiLU: true);

        var exact = nn.functional.silu(input.to_type(ScalarType.Float64));
        Assert.True((exact - result).abs().max().item<double>() < 3e-5);
        Assert.Equal(0, (double)result[0, 0, 0, 0].item<float>(), 1e-30);
    }

    [Fact]
    public void Not_a_number_stays_visible_and_spoils_no_other_image()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var input = ones(2, 16, 2, 2).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        input[0, 3, 1, 1] = tensor(float.NaN);

        var result = ChannelsLastNorm.Apply(input, 4, ones(16), zeros(16), 1e-5, withSiLU: true);

        Assert.True(isnan(result[0, 3, 1, 1]).item<bool>());
        Assert.True(isfinite(result[1]).all().item<bool>());
    }

    [Fact]
    public void It_is_not_used_where_it_does_not_apply()
    {
        using var scope = NewDisposeScope();
        Assert.False(ChannelsLastNorm.CanApply(ones(1, 16, 2, 2)), "gradients");
        using var noGrad = no_grad();
        Assert.True(ChannelsLastNorm.CanApply(ones(1, 16, 2, 2)));
        Assert.False(ChannelsLastNorm.CanApply(ones(1, 24, 2, 2)), "channels");
        Assert.False(ChannelsLastNorm.CanApply(ones(1, 16, 2, 2, dtype: ScalarType.Float64)), "type");
    }
}
