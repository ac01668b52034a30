using System.Text;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GmailCluster.Models.Lora;

/// <summary>
/// A low-rank adapter (LoRA, arXiv 2106.09685) on the <see cref="AdaptableLinear"/> layers of a module, in PEFT's files. While it is attached the
/// module's own parameters are frozen. Attach, merge and detach while nobody computes with the module; forward and
/// <c>autograd.grad</c> from several threads are then safe.
/// </summary>
public sealed class LoraAdapter : IDisposable
{
    private const string Prefix = "base_model.model.";

    private readonly nn.Module _root;
    private readonly SortedDictionary<string, (AdaptableLinear Layer, LoraUpdate Update)> _updates;
    private readonly List<Parameter> _frozen = [];

    private LoraAdapter(nn.Module root, LoraConfig config, Generator? init)
    {
        (_root, Config) = (root, config);
        _updates = new(StringComparer.Ordinal);
        foreach (var (name, layer) in TargetsOf(root, config))
        {
            _updates[name] = (layer, Fresh(layer, config.For(name), init));
        }

        foreach (var parameter in root.parameters().Where(p => p.requires_grad))
        {
            parameter.requires_grad = false;
            _frozen.Add(parameter);
        }

        foreach (var (layer, update) in _updates.Values)
        {
            layer.Update = update;
        }
    }

    /// <summary>The settings it was made with.</summary>
    public LoraConfig Config { get; }

    /// <summary>
    /// A (<c>...lora_A.weight</c>, [r, I]) and B (<c>...lora_B.weight</c>, [O, r]) of every layer, by PEFT's names, in ordinal order. They
    /// belong to the adapter; an optimiser may write to them or <c>set_</c> them to views of its own buffer.
    /// </summary>
    public IReadOnlyList<(string Name, Parameter Value)> TrainableParameters =>
        [.. _updates
            .SelectMany(u => new[] { ($"{Prefix}{u.Key}.lora_A.weight", u.Value.Update.A), ($"{Prefix}{u.Key}.lora_B.weight", u.Value.Update.B) })
            .OrderBy(p => p.Item1, StringComparer.Ordinal)];

    /// <summary>Attaches a new adapter: A uniform as PEFT initialises it, B zero, so that the module computes what it did.</summary>
    /// <param name="root">The module whose layers' names the config is about.</param>
    /// <param name="config">Rank, scale and layers.</param>
    /// <param name="init">Where A's numbers come from; drawn layer by layer in ordinal order of names.</param>
    /// <exception cref="InputException">No layer matches, or one that does cannot be adapted.</exception>
    public static LoraAdapter Attach(nn.Module root, LoraConfig config, Generator init)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(init);
        config.Checked(LoraFiles.ConfigName);
        if (config.LoraDropout != 0)
        {
            throw new InputException(LoraFiles.ConfigName, $"has lora_dropout {config.LoraDropout}.", "Dropout is not applied in training here: set it to 0.");
        }

        return new LoraAdapter(root, config, init);
    }

    /// <summary>Attaches an adapter from a PEFT folder.</summary>
    /// <exception cref="InputException">A file is malformed, or a key is missing, unexpected or of another shape.</exception>
    public static LoraAdapter Load(nn.Module root, string folder)
    {
        ArgumentNullException.ThrowIfNull(root);
        var config = LoraConfig.Read(Path.Combine(folder, LoraFiles.ConfigName));
        using var weights = WeightSource.OpenFolder(folder, Path.GetFileNameWithoutExtension(LoraFiles.WeightsName));
        return Load(root, config, weights.Where, weights.Names, n => weights.Load(n));
    }

    /// <summary>Attaches an adapter from its files' bytes.</summary>
    /// <param name="root">The module to adapt.</param>
    /// <param name="files">Config and weights.</param>
    /// <param name="where">What to call them in messages.</param>
    public static LoraAdapter Load(nn.Module root, LoraFiles files, string where)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(files);
        var config = LoraConfig.Parse(files.Config.Span, $"{where}/{LoraFiles.ConfigName}");
        using var weights = SafetensorsFile.Read(files.Weights, $"{where}/{LoraFiles.WeightsName}");
        return Load(root, config, weights.Where, weights.Entries.Keys, n => weights.Load(n));
    }

    /// <summary>Saves as PEFT does: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, fp32. Each file is replaced whole.</summary>
    public void Save(string folder)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        SafetensorsWriter.Write(Path.Combine(folder, LoraFiles.WeightsName), Tensors(), Metadata);
        ConfigFile.WriteText(Path.Combine(folder, LoraFiles.ConfigName), Config.ToJson());
    }

    /// <summary>The files that <see cref="Save"/> writes. Same parameters, same bytes.</summary>
    public LoraFiles ToFiles()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, Tensors(), Metadata);
        return new LoraFiles(Encoding.UTF8.GetBytes(Config.ToJson()), stream.ToArray());
    }

    /// <summary>Adds the updates to the base weights, in place, and detaches: the module then computes the same without an adapter.</summary>
    public void Merge()
    {
        using var noGrad = no_grad();
        foreach (var (layer, update) in _updates.Values)
        {
            using var delta = update.Delta();
            layer.Weight.add_(delta);
        }

        Detach();
    }

    /// <summary>Takes the adapter off: the module computes what it did before, and its parameters can be trained again.</summary>
    public void Detach()
    {
        foreach (var (layer, update) in _updates.Values.Where(u => ReferenceEquals(u.Layer.Update, u.Update)))
        {
            layer.Update = null;
        }

        foreach (var parameter in _frozen)
        {
            parameter.requires_grad = true;
        }

        _frozen.Clear();
    }

    /// <summary>Detaches, if it still is attached, and frees A and B.</summary>
    public void Dispose()
    {
        Detach();
        foreach (var (_, update) in _updates.Values)
        {
            update.A.Dispose();
            update.B.Dispose();
        }

        _updates.Clear();
    }

    private static Dictionary<string, string> Metadata => new() { ["format"] = "pt" };

    private static LoraAdapter Load(nn.Module root, LoraConfig config, string where, IEnumerable<string> names, Func<string, Tensor> load)
    {
        var adapter = new LoraAdapter(root, config, null);
        try
        {
            var places = adapter.TrainableParameters.Select(p => KeyValuePair.Create(p.Name, (Tensor)p.Value));
            ModuleWeights.Load(places, where, names, load, null, null, []);
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    private static List<(string Name, AdaptableLinear Layer)> TargetsOf(nn.Module root, LoraConfig config)
    {
        var found = new List<(string, AdaptableLinear)>();
        var all = root.named_modules().OrderBy(m => m.name, StringComparer.Ordinal).ToList();
        foreach (var (name, module) in all.Where(m => m.name.Length > 0))
        {
            // "all-linear" and broad patterns also match containers: only layers with a weight are meant.
            if (module is AdaptableLinear layer && config.Targets(name))
            {
                if (layer.Update is not null)
                {
                    throw new InvalidOperationException($"The layer '{name}' already has an adapter: merge or detach it first.");
                }

                found.Add((name, layer));
            }
            else if (module is Linear or Conv2d or Embedding && config.Targets(name) && config.TargetModules.IsList)
            {
                throw new InputException(LoraFiles.ConfigName, $"names the layer '{name}', a {module.GetName()}, which cannot be adapted.", "Name linear layers of attention and MLPs.");
            }
        }

        if (found.Count == 0)
        {
            var some = all.Where(m => m.module is AdaptableLinear).Select(m => m.name).Take(3);
            throw new InputException(
                LoraFiles.ConfigName, "has target_modules that match no layer of this model.", $"Layers that can be adapted are, for example, {string.Join(", ", some)}.");
        }

        return found;
    }

    private static LoraUpdate Fresh(AdaptableLinear layer, (int Rank, double Scaling) settings, Generator? init)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (type, device) = (layer.Weight.dtype, layer.Weight.device);
        var a = zeros(settings.Rank, layer.InFeatures);
        if (init is not null)
        {
            // kaiming_uniform with a = sqrt(5), as PEFT and torch's Linear use it: within 1 / sqrt(I).
            var bound = 1 / Math.Sqrt(layer.InFeatures);
            a.uniform_(-bound, bound, init);
        }

        return new LoraUpdate(Own(a.to(type, device)), Own(zeros(layer.OutFeatures, settings.Rank, dtype: type, device: device)), settings.Scaling);
    }

    private static Parameter Own(Tensor value)
    {
        var parameter = nn.Parameter(value);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    // To be called within a scope and without gradients: the conversions are temporaries.
    private IEnumerable<KeyValuePair<string, Tensor>> Tensors() =>
        TrainableParameters.Select(p => KeyValuePair.Create(p.Name, p.Value.to_type(ScalarType.Float32)));
}
