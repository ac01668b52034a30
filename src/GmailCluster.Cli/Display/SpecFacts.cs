using GmailCluster.Specs;

namespace GmailCluster.Cli.Display;

/// <summary>A spec in a few lines.</summary>
internal static class SpecFacts
{
    /// <summary>What it compares, generates, trains and measures, a line each.</summary>
    public static IEnumerable<string> Of(ExperimentSpec spec)
    {
        var tasks = Tasks(spec).ToList();
        yield return $"name: {spec.Name}";
        yield return $"arms: {string.Join(", ", spec.Arms.Select(arm => SpecWords.Of(arm)))}";
        yield return $"tasks: {(tasks.Count == 0 ? "none" : string.Join(", ", tasks))}";
        yield return $"seeds: {string.Join(", ", spec.Seeds)}; world size {spec.WorldSize}";
        if (spec.Generate is { } generate)
        {
            var captions = spec.Data.Prompts?.Limit is { } limit ? $"at most {limit} captions" : "every caption";
            yield return $"generate: {Counted(generate.ImagesPerCaption, "image")} for {captions}, {Counted(generate.Steps, "step")} each";
        }

        if (spec.Align is { } align)
        {
            yield return $"align: {SpecWords.Of(align.Preset)} loss, LoRA rank {align.Lora.Rank}, {Counted(align.Steps, "step")} of {align.BatchSize}";
        }

        yield return $"tests: {string.Join(", ", spec.Data.Tests.Select(test => test.Name))}";
        if (spec.Sweep is { } sweep)
        {
            yield return $"sweep: {Counted(sweep.DataFraction.Count * (sweep.ImagesPerCaption?.Count ?? 1), "point")} for {string.Join(", ", sweep.Arms.Select(arm => SpecWords.Of(arm)))}";
        }
    }

    private static IEnumerable<string> Tasks(ExperimentSpec spec)
    {
        foreach (var (name, task) in new (string, TaskSpec?)[] { ("caption", spec.Caption), ("retrieve", spec.Retrieve), ("long", spec.Long), ("llava", spec.Llava) })
        {
            if (task is not null)
            {
                yield return name;
            }
        }
    }

    private static string Counted(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
