namespace GmailCluster.Telemetry;

/// <summary>
/// A run's steps, kept in a fixed number of cells however many there are: when the cells are used up, two become one. A member may
/// be called from any thread.
/// </summary>
public sealed class StepTimeline
{
    /// <summary>The most cells.</summary>
    public const int Capacity = 2048;

    private readonly Lock _lock = new();
    private readonly TimelineCell[] _cells = new TimelineCell[Capacity];
    private int _steps;
    private int _stepsPerCell = 1;

    /// <summary>Adds the next step.</summary>
    /// <param name="loss">Its loss.</param>
    /// <param name="time">How long it took; null when nobody measured.</param>
    public void Add(double loss, StepTime? time)
    {
        lock (_lock)
        {
            if (_steps == Capacity * _stepsPerCell)
            {
                for (var i = 0; i < Capacity / 2; i++)
                {
                    _cells[i] = _cells[2 * i].With(_cells[(2 * i) + 1]);
                }

                Array.Clear(_cells, Capacity / 2, Capacity / 2);
                _stepsPerCell *= 2;
            }

            var at = _steps / _stepsPerCell;
            _cells[at] = _cells[at].With(TimelineCell.Of(loss, time));
            _steps++;
        }
    }

    /// <summary>Begins again with steps that nobody measured.</summary>
    public void Restart(IEnumerable<double> losses)
    {
        ArgumentNullException.ThrowIfNull(losses);
        lock (_lock)
        {
            Array.Clear(_cells);
            (_steps, _stepsPerCell) = (0, 1);
            foreach (var loss in losses)
            {
                Add(loss, null);
            }
        }
    }

    /// <summary>The steps in at most so many points, oldest first.</summary>
    public IReadOnlyList<TimelinePoint> Points(int most)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        lock (_lock)
        {
            var used = (_steps + _stepsPerCell - 1) / _stepsPerCell;
            var cellsPerPoint = (used + most - 1) / most;
            var points = new List<TimelinePoint>();
            for (var at = 0; at < used; at += cellsPerPoint)
            {
                var cell = default(TimelineCell);
                for (var i = at; i < Math.Min(at + cellsPerPoint, used); i++)
                {
                    cell = cell.With(_cells[i]);
                }

                points.Add(cell.Point(at * _stepsPerCell));
            }

            return points;
        }
    }
}
