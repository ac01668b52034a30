using GmailCluster.Specs;

namespace GmailCluster.Host.Api;

/// <summary>The paths that a spec names.</summary>
internal static class SpecPaths
{
    /// <summary>Model folders, as written.</summary>
    public static IReadOnlySet<string> Models(ExperimentSpec spec) =>
        new[] { spec.Models.Clip, spec.Models.Diffusion, spec.Models.LanguageModel, spec.Models.LlavaLanguageModel }.OfType<string>().ToHashSet(StringComparer.Ordinal);

    /// <summary>The sets of pictures.</summary>
    public static IEnumerable<DatasetSpec> Datasets(ExperimentSpec spec) =>
        new[] { spec.Data.Train, spec.Data.Validation }.OfType<DatasetSpec>().Concat(spec.Data.Tests);

    /// <summary>The spec with other paths.</summary>
    public static ExperimentSpec Map(ExperimentSpec spec, Func<string, string> place)
    {
        string? Optional(string? path) => path is null ? null : place(path);

        return spec with
        {
            Models = spec.Models with
            {
                Clip = place(spec.Models.Clip),
                Diffusion = Optional(spec.Models.Diffusion),
                LanguageModel = Optional(spec.Models.LanguageModel),
                LlavaLanguageModel = Optional(spec.Models.LlavaLanguageModel),
            },
            Data = spec.Data with
            {
                Train = spec.Data.Train with { Path = place(spec.Data.Train.Path), Images = Optional(spec.Data.Train.Images) },
                Validation = spec.Data.Validation is { } validation ? validation with { Path = place(validation.Path), Images = Optional(validation.Images) } : null,
                Tests = [.. spec.Data.Tests.Select(test => test with { Path = place(test.Path), Images = Optional(test.Images) })],
                Prompts = spec.Data.Prompts is { } prompts ? prompts with { Path = place(prompts.Path) } : null,
            },
        };
    }
}
