using GmailCluster.Experiments;
using GmailCluster.Keys;

namespace GmailCluster.Host.Api;

/// <summary>Something that happened to an experiment.</summary>
/// <param name="Number">Counts from 1 within the experiment.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What sort of thing.</param>
/// <param name="Text">A sentence for people.</param>
/// <param name="Stage">Key of the stage it is about.</param>
internal sealed record EventView(long Number, DateTimeOffset At, ExperimentEventKind Kind, string Text, string? Stage = null)
{
    public static EventView Of(ExperimentEvent happened) => new(happened.Number, happened.At, happened.Kind, happened.Text, happened.Stage?.Value);

    public ExperimentEvent ToEvent() => new(Number, At, Kind, Stage is null ? null : new ArtifactKey(Stage), Text);
}

/// <summary>Events, oldest first, at most a thousand.</summary>
/// <param name="Items">Those after the number asked for.</param>
internal sealed record EventPage(IReadOnlyList<EventView> Items);
