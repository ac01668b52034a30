using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>DDIM (Song et al., arXiv 2010.02502), deterministic (eta = 0), as diffusers' DDIMScheduler.</summary>
internal sealed class DdimScheduler : IDiffusionScheduler
{
    private readonly string _where;
    private readonly NoiseSchedule _schedule;
    private readonly float _finalAlpha;
    private readonly PredictionType _prediction;
    private readonly TimestepSpacing _spacing;
    private readonly int _offset;
    private readonly double? _clip;
    private readonly StepCounter _walk = new();
    private int _stride;

    public DdimScheduler(SchedulerOptions options)
    {
        _where = options.Where;
        _schedule = NoiseSchedule.Read(options, rescale: true);
        _prediction = options.Prediction("epsilon", "sample", "v_prediction");
        _spacing = options.Spacing("leading");
        _offset = options.Int("steps_offset", 0, minimum: 0);
        _finalAlpha = options.Flag("set_alpha_to_one", true) ? 1 : _schedule.AlphasCumprod[0];
        var range = options.Number("clip_sample_range", 1);
        _clip = options.Flag("clip_sample", true) ? range : null;
        options.RefuseIfSet("thresholding");
        options.PassOver("dynamic_thresholding_ratio", "sample_max_value");
        options.RefuseUnknown();
    }

    public IReadOnlyList<double> Timesteps => _walk.Timesteps;

    public double InitNoiseSigma => 1;

    public void SetTimesteps(int steps)
    {
        var train = _schedule.TrainTimesteps;
        StepLayout.CheckCount(_where, steps, train);
        _stride = train / steps;
        double[] timesteps = _spacing switch
        {
            TimestepSpacing.Linspace => [.. StepLayout.Linspace(0, train - 1, steps).Select(t => Math.Round(t)).Reverse()],
            TimestepSpacing.Leading => [.. StepLayout.Leading(_stride, steps, _offset)],
            _ => [.. StepLayout.Trailing(train, train, steps)],
        };
        StepLayout.Check(_where, steps, train, timesteps);
        _walk.Start(timesteps);
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample)
    {
        _walk.Expect(timestep);
        using var scope = NewDisposeScope();

        // The stride, not the next entry, says where the step ends: the two differ for spacings other than leading.
        var previous = (int)timestep - _stride;
        var alpha = _schedule.AlphasCumprod[(int)timestep];
        var alphaPrevious = previous >= 0 ? _schedule.AlphasCumprod[previous] : _finalAlpha;
        var (rootAlpha, rootBeta) = (MathF.Sqrt(alpha), MathF.Sqrt(1 - alpha));

        var (clean, noise) = _prediction switch
        {
            PredictionType.Epsilon => ((sample - (rootBeta * modelOutput)) / rootAlpha, modelOutput),
            PredictionType.Sample => (modelOutput, (sample - (rootAlpha * modelOutput)) / rootBeta),
            _ => ((rootAlpha * sample) - (rootBeta * modelOutput), (rootAlpha * modelOutput) + (rootBeta * sample)),
        };
        if (_clip is { } range)
        {
            clean = clean.clamp(-range, range);
        }

        // Equation 12 with sigma = 0.
        var next = (MathF.Sqrt(alphaPrevious) * clean) + (MathF.Sqrt(1 - alphaPrevious) * noise);
        _walk.Advance();
        return next.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
    }
}
