using GmailCluster.Specs;

namespace GmailCluster.Learning.Optim;

/// <summary>Linear warm-up from 0, then half a cosine down to a fraction of the peak, as transformers' get_cosine_schedule_with_warmup.</summary>
public static class CosineSchedule
{
    /// <summary>Learning rate of a step.</summary>
    /// <param name="spec">Peak, warm-up and final fraction.</param>
    /// <param name="step">0 for the first step, whose rate is 0 when there is a warm-up.</param>
    /// <param name="steps">Steps of the whole run.</param>
    public static double LearningRate(OptimizerSpec spec, int step, int steps)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (step < spec.WarmupSteps)
        {
            return spec.LearningRate * step / spec.WarmupSteps;
        }

        var progress = (double)(step - spec.WarmupSteps) / Math.Max(1, steps - spec.WarmupSteps);
        return spec.LearningRate * (spec.FinalFraction + ((1 - spec.FinalFraction) * 0.5 * (1 + Math.Cos(Math.PI * progress))));
    }
}
