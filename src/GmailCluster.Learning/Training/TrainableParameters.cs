using TorchSharp.Modules;

namespace GmailCluster.Learning.Training;

/// <summary>Which parameters of a module a task trains.</summary>
internal static class TrainableParameters
{
    /// <summary>All of a module's parameters, with a prefix, set to be trained.</summary>
    public static IEnumerable<(string Name, Parameter Parameter)> Of(nn.Module module, string prefix = "")
    {
        foreach (var (name, parameter) in module.named_parameters())
        {
            parameter.requires_grad = true;
            yield return (prefix + name, parameter);
        }
    }
}
