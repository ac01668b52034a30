using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>
/// PNDM (Liu et al., arXiv 2202.09778), as diffusers' PNDMScheduler: with skip_prk_steps the PLMS sampler of latent diffusion,
/// else Runge-Kutta steps first.
/// </summary>
internal sealed class PndmScheduler : IDiffusionScheduler
{
    private const int Order = 4;

    private readonly string _where;
    private readonly NoiseSchedule _schedule;
    private readonly float _finalAlpha;
    private readonly bool _predictsVelocity;
    private readonly TimestepSpacing _spacing;
    private readonly int _offset;
    private readonly bool _skipsRungeKutta;
    private readonly StepCounter _walk = new();
    private readonly List<Tensor> _outputs = []; // the latest four, newest last
    private int _stride;
    private int _rungeKuttaSteps;
    private Tensor? _anchor; // the sample that several model calls start from
    private Tensor? _sum;    // Runge-Kutta's weighted sum of outputs

    public PndmScheduler(SchedulerOptions options)
    {
        _where = options.Where;
        _schedule = NoiseSchedule.Read(options, rescale: false);
        _predictsVelocity = options.Prediction("epsilon", "v_prediction") == PredictionType.VPrediction;
        _spacing = options.Spacing("leading");
        _offset = options.Int("steps_offset", 0, minimum: 0);
        _skipsRungeKutta = options.Flag("skip_prk_steps", false);
        _finalAlpha = options.Flag("set_alpha_to_one", false) ? 1 : _schedule.AlphasCumprod[0];
        options.RefuseUnknown();
    }

    public IReadOnlyList<double> Timesteps => _walk.Timesteps;

    public double InitNoiseSigma => 1;

    public void SetTimesteps(int steps)
    {
        var train = _schedule.TrainTimesteps;
        StepLayout.CheckCount(_where, steps, train);
        if (!_skipsRungeKutta && steps < Order)
        {
            throw new InputException(_where, $"is asked for {steps} steps, but without skip_prk_steps it needs {Order}.", "Ask for more steps.");
        }

        Dispose();
        _stride = train / steps;
        int[] rising = _spacing switch
        {
            TimestepSpacing.Linspace => [.. StepLayout.Linspace(0, train - 1, steps).Select(t => (int)Math.Round(t))],
            TimestepSpacing.Leading => [.. StepLayout.Leading(_stride, steps, _offset).Reverse()],
            _ => [.. StepLayout.Trailing(train, train, steps).Reverse()],
        };
        var rungeKutta = _skipsRungeKutta ? [] : RungeKutta(rising);
        // PLMS asks a second time at the second entry: that makes its first step a second-order one.
        var multistep = _skipsRungeKutta ? [.. rising[..^1], .. rising[..^1].TakeLast(1), rising[^1]] : rising[..^(Order - 1)];
        double[] timesteps = [.. rungeKutta, .. multistep.Reverse()];
        StepLayout.Check(_where, steps, train, timesteps);
        _rungeKuttaSteps = rungeKutta.Length;
        _walk.Start(timesteps);
    }

    public Tensor ScaleModelInput(Tensor sample, double timestep) => sample.alias();

    public Tensor Step(Tensor modelOutput, double timestep, Tensor sample)
    {
        var index = _walk.Expect(timestep);
        using var scope = NewDisposeScope();
        var next = index < _rungeKuttaSteps
            ? StepRungeKutta(modelOutput, index, (int)timestep, sample)
            : StepMultistep(modelOutput, index, (int)timestep, sample);
        _walk.Advance();
        return next.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _outputs.ForEach(o => o.Dispose());
        _outputs.Clear();
        Keep(ref _anchor, null);
        Keep(ref _sum, null);
    }

    // Algorithm 2's start: each of the first three steps as four half steps.
    private int[] RungeKutta(int[] rising)
    {
        var halves = rising.TakeLast(Order).SelectMany(t => new[] { t, t + (_stride / 2) }).ToArray()[..^1];
        return [.. halves.SelectMany(t => new[] { t, t }).ToArray()[1..^1].Reverse()];
    }

    private Tensor StepRungeKutta(Tensor output, int index, int timestep, Tensor sample)
    {
        var previous = timestep - (index % 2 == 1 ? 0 : _stride / 2);
        var start = (int)_walk.Timesteps[index / 4 * 4];
        switch (index % 4)
        {
            case 0:
                Remember(output);
                Keep(ref _anchor, sample.alias());
                Keep(ref _sum, output / 6);
                break;
            case 1 or 2:
                Keep(ref _sum, _sum! + (output / 3));
                break;
            default:
                output = _sum! + (output / 6);
                break;
        }

        return Transfer(_anchor!, start, previous, output);
    }

    private Tensor StepMultistep(Tensor output, int index, int timestep, Tensor sample)
    {
        var previous = timestep - _stride;
        if (index == 1 && _skipsRungeKutta)
        {
            // The second call at the second time corrects the first step instead of taking another.
            (timestep, previous) = (timestep + _stride, timestep);
            var corrected = Transfer(_anchor!, timestep, previous, (output + _outputs[^1]) / 2);
            Keep(ref _anchor, null);
            return corrected;
        }

        Remember(output);
        if (index == 0)
        {
            Keep(ref _anchor, sample.alias());
        }

        // Adams-Bashforth of the highest order that the outputs so far allow (equation 9 and appendix).
        var e = _outputs;
        var slope = e.Count switch
        {
            1 => e[^1],
            2 => ((3 * e[^1]) - e[^2]) / 2,
            3 => ((23 * e[^1]) - (16 * e[^2]) + (5 * e[^3])) / 12,
            _ => ((55 * e[^1]) - (59 * e[^2]) + (37 * e[^3]) - (9 * e[^4])) / 24,
        };
        return Transfer(sample, timestep, previous, slope);
    }

    // Equation 9: the transfer part phi.
    private Tensor Transfer(Tensor sample, int timestep, int previous, Tensor output)
    {
        var alpha = _schedule.AlphasCumprod[timestep];
        var alphaPrevious = previous >= 0 ? _schedule.AlphasCumprod[previous] : _finalAlpha;
        var (beta, betaPrevious) = (1 - alpha, 1 - alphaPrevious);
        if (_predictsVelocity)
        {
            output = (MathF.Sqrt(alpha) * output) + (MathF.Sqrt(beta) * sample);
        }

        var denominator = (alpha * MathF.Sqrt(betaPrevious)) + MathF.Sqrt(alpha * beta * alphaPrevious);
        return (MathF.Sqrt(alphaPrevious / alpha) * sample) - ((alphaPrevious - alpha) * output / denominator);
    }

    private void Remember(Tensor output)
    {
        if (_outputs.Count == Order)
        {
            _outputs[0].Dispose();
            _outputs.RemoveAt(0);
        }

        _outputs.Add(output.alias().DetachFromDisposeScope());
    }

    private static void Keep(ref Tensor? field, Tensor? value)
    {
        field?.Dispose();
        field = value?.DetachFromDisposeScope();
    }
}
