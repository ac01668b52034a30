using System.Text.Json.Nodes;
using GmailCluster.Errors;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>
/// A checkpoint's own <c>scheduler_config.json</c>: which scheduler, and its options. An option that would change the result and is not
/// implemented is refused by name. Thread-safe; each walk gets a scheduler of its own.
/// </summary>
public sealed class SchedulerConfig
{
    private static readonly Dictionary<string, Func<SchedulerOptions, IDiffusionScheduler>> Known = new(StringComparer.Ordinal)
    {
        ["DDIMScheduler"] = o => new DdimScheduler(o),
        ["PNDMScheduler"] = o => new PndmScheduler(o),
        ["EulerDiscreteScheduler"] = o => new EulerDiscreteScheduler(o),
        ["DPMSolverMultistepScheduler"] = o => new DpmSolverMultistepScheduler(o),
    };

    private readonly JsonObject _fields;
    private readonly string _path;

    private SchedulerConfig(JsonObject fields, string path, string className) => (_fields, _path, ClassName) = (fields, path, className);

    /// <summary>The diffusers class that the file names.</summary>
    public string ClassName { get; }

    /// <summary>Reads and checks a scheduler's config.</summary>
    /// <param name="path">The file, or the folder that holds it.</param>
    /// <exception cref="InputException">It is missing or malformed, or names a scheduler or an option that is not supported.</exception>
    public static SchedulerConfig Load(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "scheduler_config.json") : path;
        var fields = PythonJson.ReadObject(file);
        var name = fields["_class_name"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        if (name is null || !Known.ContainsKey(name))
        {
            throw new InputException(
                file, $"names the scheduler '{name ?? "(none)"}', which is not supported.",
                $"Save the pipeline with one of {string.Join(", ", Known.Keys)}.");
        }

        var config = new SchedulerConfig(fields, file, name);
        config.CreateScheduler().Dispose(); // refuses what is wrong now rather than at the first image
        return config;
    }

    /// <summary>A fresh scheduler, at the start of no walk yet: call <see cref="IDiffusionScheduler.SetTimesteps"/> first.</summary>
    public IDiffusionScheduler CreateScheduler() => Known[ClassName](new SchedulerOptions(_fields, _path));

    /// <summary>A field of the file, as text; null when it is absent.</summary>
    internal string? Text(string key) => _fields[key]?.ToString();

    /// <summary>The forward process of a config's noise schedule.</summary>
    internal NoiseSchedule NoiseSchedule() => Schedulers.NoiseSchedule.Read(new SchedulerOptions(_fields, _path), rescale: true);
}
