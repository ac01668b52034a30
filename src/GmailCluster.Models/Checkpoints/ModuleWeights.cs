using System.Text.RegularExpressions;
using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Checkpoints;

/// <summary>Fills parameters from named tensors, strictly: every tensor has a place and every place a tensor of its shape.</summary>
internal static class ModuleWeights
{
    /// <param name="targets">Filled in place, in the types they have; by name.</param>
    /// <param name="where">The file or folder, for messages.</param>
    /// <param name="names">What the file holds.</param>
    /// <param name="load">Loads one tensor; the result is disposed here.</param>
    /// <param name="rename">From a target's name to the file's.</param>
    /// <param name="relayout">Turns the file's layout of a tensor (target's name, value) into the target's; a fresh tensor.</param>
    /// <param name="ignore">Patterns of names in the file that need no place.</param>
    public static void Load(
        IEnumerable<KeyValuePair<string, Tensor>> targets, string where, IEnumerable<string> names, Func<string, Tensor> load,
        Func<string, string>? rename, Func<string, Tensor, Tensor>? relayout, IReadOnlyList<string> ignore)
    {
        var available = names.ToHashSet(StringComparer.Ordinal);
        var places = targets
            .Select(p => new Place(p.Key, rename?.Invoke(p.Key) ?? p.Key, p.Value))
            .OrderBy(p => p.Name, StringComparer.Ordinal)
            .ToList();
        Check(where, available, places, ignore);

        using var noGrad = no_grad();
        foreach (var (name, key, target) in places)
        {
            using var scope = NewDisposeScope();
            var value = load(key);
            value = relayout?.Invoke(name, value) ?? value;
            if (!value.shape.SequenceEqual(target.shape))
            {
                throw new InputException(
                    where, $"has '{key}' of shape [{string.Join(", ", value.shape)}], but the model wants [{string.Join(", ", target.shape)}].",
                    "Check that config and weights belong together.");
            }

            target.copy_(value);
        }
    }

    private static void Check(string where, HashSet<string> available, List<Place> places, IReadOnlyList<string> ignore)
    {
        var missing = places.Where(p => !available.Contains(p.Key)).ToList();
        if (missing.Count > 0)
        {
            throw new InputException(
                where, $"lacks '{missing[0].Key}' of shape [{string.Join(", ", missing[0].Target.shape)}]{Others(missing.Count - 1)}, which the model wants.",
                "Check that config and weights belong together.");
        }

        var wanted = places.Select(p => p.Key).ToHashSet(StringComparer.Ordinal);
        var unexpected = available
            .Where(n => !wanted.Contains(n) && !ignore.Any(p => Regex.IsMatch(n, p)))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (unexpected.Count > 0)
        {
            throw new InputException(
                where, $"holds '{unexpected[0]}'{Others(unexpected.Count - 1)}, for which the model has no place.",
                "Check that config and weights belong together.");
        }
    }

    private static string Others(int count) => count == 0 ? "" : $" and {count} more";

    private readonly record struct Place(string Name, string Key, Tensor Target);
}
