using GmailCluster.Errors;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>Inference steps over training steps, with numpy's roundings.</summary>
internal static class StepLayout
{
    /// <summary>numpy.linspace: the last entry is exactly the end.</summary>
    public static double[] Linspace(double start, double end, int count)
    {
        var values = new double[count];
        var step = count > 1 ? (end - start) / (count - 1) : 0;
        for (var i = 0; i < count; i++)
        {
            values[i] = (i * step) + start;
        }

        if (count > 1)
        {
            values[^1] = end;
        }

        return values;
    }

    /// <summary>Falling from <paramref name="last"/> in strides of train / steps, rounded to even, less one.</summary>
    public static int[] Trailing(int last, int trainTimesteps, int steps)
    {
        var stride = (double)trainTimesteps / steps;
        var count = (int)Math.Ceiling(last / stride);
        return [.. Enumerable.Range(0, count).Select(i => (int)Math.Round(last - (i * stride)) - 1)];
    }

    /// <summary>Multiples of a stride, falling, shifted by an offset.</summary>
    public static int[] Leading(int stride, int steps, int offset) =>
        [.. Enumerable.Range(0, steps).Select(i => ((steps - 1 - i) * stride) + offset)];

    /// <summary>A step's number must be one that can be laid out, and every time one that was trained.</summary>
    public static void Check(string where, int steps, int trainTimesteps, IEnumerable<double> timesteps)
    {
        if (timesteps.Any(t => t < 0 || t > trainTimesteps - 1))
        {
            throw new InputException(
                where, $"lays {steps} steps over {trainTimesteps} training steps so that one falls outside of them.",
                "Take fewer steps, or correct steps_offset and timestep_spacing.");
        }
    }

    /// <summary>Refuses a number of steps that no layout can have.</summary>
    public static void CheckCount(string where, int steps, int trainTimesteps)
    {
        if (steps < 1 || steps > trainTimesteps)
        {
            throw new InputException(where, $"is asked for {steps} steps, outside 1..{trainTimesteps} (num_train_timesteps).", "Ask for another number of steps.");
        }
    }
}
