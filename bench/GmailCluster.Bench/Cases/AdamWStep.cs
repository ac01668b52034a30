using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Gpt2;
using GmailCluster.Specs;

namespace GmailCluster.Bench.Cases;

/// <summary>One AdamW step over a GPT-2's parameters in one flat buffer; one slot does it, however many there are.</summary>
internal sealed class AdamWStep : Workload
{
    private readonly Gpt2Model _model;
    private readonly FlatParameters _parameters;
    private readonly AdamW _optimizer;
    private readonly float[] _gradient;
    private int _step;

    public AdamWStep(BenchCase item, ComputePool pool)
        : base(pool)
    {
        _model = RandomWeights.Fill(new Gpt2Model(ConfigFile.Read<Gpt2Config>(item.ConfigPath), new()));
        _parameters = FlatParameters.Adopt(TrainableParameters.Of(_model));
        _optimizer = new AdamW(_parameters, new OptimizerSpec { LearningRate = 1e-4, WeightDecay = 0.01 });
        _gradient = new float[_parameters.Length];
        for (var i = 0; i < _gradient.Length; i++)
        {
            _gradient[i] = 1e-3f * ((i % 7) - 3);
        }
    }

    public override string Unit => "steps";

    public override int ItemsPerStep => 1;

    public override Task Step() => Pool.Run(() => _optimizer.Step(++_step, 1e-4, _parameters.Values, _gradient), CancellationToken.None);

    public override void Dispose()
    {
        _model.Dispose();
        _parameters.Dispose();
    }
}
