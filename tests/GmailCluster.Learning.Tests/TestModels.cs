using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests;

internal static class TestModels
{
    /// <summary>A small network whose weights come from the generator alone.</summary>
    public static Sequential TwoLayers(Generator generator)
    {
        var model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var parameter in model.parameters())
        {
            parameter.copy_(randn(parameter.shape, generator: generator) * 0.3);
        }

        return model;
    }
}
