namespace GmailCluster.Data.Images;

/// <summary>
/// Where the pixels of one axis come from: for each output position the first source pixel and weights in fixed point of 22
/// bits, computed as Pillow's Resample.c does (in double, normalised, then rounded half away from zero).
/// </summary>
internal sealed class ResampleKernel
{
    /// <summary>8 bits of pixel and 2 of head room leave 22 of 32 for the weight.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private ResampleKernel(int count, int taps)
    {
        Taps = taps;
        First = new int[count];
        Lengths = new int[count];
        Weights = new int[count * taps];
    }

    /// <summary>Source pixel of each output position's first weight.</summary>
    public int[] First { get; }

    /// <summary>How many weights each output position has.</summary>
    public int[] Lengths { get; }

    /// <summary>[positions, Taps].</summary>
    public int[] Weights { get; }

    public int Taps { get; }

    public int Count => First.Length;

    /// <summary>The first source pixel that any position reads: positions go from left to right.</summary>
    public int SourceStart => First[0];

    /// <summary>One past the last source pixel that any position reads.</summary>
    public int SourceEnd => First[^1] + Lengths[^1];

    /// <summary>The kernel of a stretch of the output.</summary>
    /// <param name="filter">Which filter.</param>
    /// <param name="source">Pixels of the input.</param>
    /// <param name="target">Pixels of the whole output.</param>
    /// <param name="start">First position wanted.</param>
    /// <param name="count">How many positions are wanted.</param>
    public static ResampleKernel Create(ResampleFilter filter, int source, long target, long start, int count)
    {
        if (filter == ResampleFilter.Nearest)
        {
            return Nearest(source, target, start, count);
        }

        var scale = (double)source / target;
        var filterScale = Math.Max(scale, 1.0);
        var support = Support(filter) * filterScale;
        var kernel = new ResampleKernel(count, ((int)Math.Ceiling(support) * 2) + 1);
        var weights = new double[kernel.Taps];
        for (var i = 0; i < count; i++)
        {
            var center = (start + i + 0.5) * scale;
            var first = Math.Max((int)(center - support + 0.5), 0);
            var length = Math.Min((int)(center + support + 0.5), source) - first;
            var sum = 0.0;
            for (var k = 0; k < length; k++)
            {
                weights[k] = Evaluate(filter, (k + first - center + 0.5) * (1.0 / filterScale));
                sum += weights[k];
            }

            kernel.First[i] = first;
            kernel.Lengths[i] = length;
            for (var k = 0; k < length; k++)
            {
                var weight = (sum != 0 ? weights[k] / sum : weights[k]) * (1 << PrecisionBits);
                kernel.Weights[(i * kernel.Taps) + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }
        }

        return kernel;
    }

    // Pillow walks along the source by repeated addition; multiplying instead would pick other pixels at some ties.
    private static ResampleKernel Nearest(int source, long target, long start, int count)
    {
        var kernel = new ResampleKernel(count, 1);
        var step = (double)source / target;
        var at = step * 0.5;
        for (var i = -start; i < count; i++, at += step)
        {
            if (i >= 0)
            {
                kernel.First[i] = Math.Min((int)at, source - 1);
                (kernel.Lengths[i], kernel.Weights[i]) = (1, 1 << PrecisionBits);
            }
        }

        return kernel;
    }

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear or ResampleFilter.Hamming => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, null),
    };

    private static double Evaluate(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResampleFilter.Bilinear => Math.Abs(x) < 1 ? 1 - Math.Abs(x) : 0,
        ResampleFilter.Hamming => Hamming(Math.Abs(x)),
        ResampleFilter.Bicubic => Bicubic(Math.Abs(x)),
        _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
    };

    private static double Hamming(double x) => x switch
    {
        0 => 1,
        >= 1 => 0,
        _ => Math.Sin(x * Math.PI) / (x * Math.PI) * (0.54f + (0.46f * Math.Cos(x * Math.PI))), // single precision there, too
    };

    // Keys 1981 with a = -0.5, in the order of operations of the original, so that the last bit is the same.
    private static double Bicubic(double x)
    {
        const double a = -0.5;
        return x switch
        {
            < 1 => ((((a + 2.0) * x) - (a + 3.0)) * x * x) + 1,
            < 2 => ((((x - 5) * x) + 8) * x - 4) * a,
            _ => 0,
        };
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
